package io.evenload.spring.boot;

import io.evenload.servlet.DeadlineFilter;
import io.evenload.spring.EvenloadSettings;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.core.Ordered;
import org.springframework.core.env.Environment;

/**
 * Has the calls that are made while a request is handled end when its sender has given up, as told
 * by the header that {@value #HEADER} names, or else by {@value DeadlineFilter#DEFAULT_HEADER}. A
 * {@link DeadlineFilter} of the application's takes its place.
 */
@AutoConfiguration
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnClass({Filter.class, FilterRegistrationBean.class, DeadlineFilter.class})
@ConditionalOnBooleanProperty(name = EvenloadSettings.PREFIX + ".enabled", matchIfMissing = true)
public final class EvenloadDeadlineAutoConfiguration {

  /** The key of the header that servers are told by, too. */
  static final String HEADER = "evenload.default.timeout-header";

  /** For Spring. */
  public EvenloadDeadlineAutoConfiguration() {}

  /** In front of all other filters, whose time counts as well. */
  @Bean
  @ConditionalOnMissingBean(
      value = DeadlineFilter.class,
      parameterizedContainer = FilterRegistrationBean.class)
  FilterRegistrationBean<DeadlineFilter> evenloadDeadlines(Environment environment) {
    String header = environment.getProperty(HEADER, DeadlineFilter.DEFAULT_HEADER);
    FilterRegistrationBean<DeadlineFilter> registration =
        new FilterRegistrationBean<>(new DeadlineFilter(header));
    registration.setOrder(Ordered.HIGHEST_PRECEDENCE);
    registration.setDispatcherTypes(DispatcherType.REQUEST, DispatcherType.ASYNC);
    return registration;
  }
}
