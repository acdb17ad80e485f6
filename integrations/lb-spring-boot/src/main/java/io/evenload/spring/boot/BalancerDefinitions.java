package io.evenload.spring.boot;

import io.evenload.LoadBalancer;
import io.evenload.spring.EvenloadServices;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.support.AutowireCandidateQualifier;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotationMetadata;

/** Defines a bean for the balancer of each service. */
final class BalancerDefinitions implements ImportBeanDefinitionRegistrar {

  /** The name of the bean that builds balancers. */
  static final String SERVICES = "evenloadServices";

  private static final String SUFFIX = "LoadBalancer";

  private final Environment environment;

  BalancerDefinitions(Environment environment) {
    this.environment = environment;
  }

  @Override
  public void registerBeanDefinitions(
      AnnotationMetadata importing, BeanDefinitionRegistry registry) {
    for (String service : EvenloadServices.names((ConfigurableEnvironment) environment)) {
      if (!registry.containsBeanDefinition(service + SUFFIX)) {
        registry.registerBeanDefinition(service + SUFFIX, definition(service));
      }
    }
  }

  private static RootBeanDefinition definition(String service) {
    RootBeanDefinition definition = new RootBeanDefinition(LoadBalancer.class);
    definition.setFactoryBeanName(SERVICES);
    definition.setFactoryMethodName("balancer");
    definition.getConstructorArgumentValues().addGenericArgumentValue(service);
    definition.setDestroyMethodName("close");
    definition.addQualifier(new AutowireCandidateQualifier(Qualifier.class, service));
    return definition;
  }
}
