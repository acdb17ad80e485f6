package io.evenload.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.servlet.DeadlineFilter;
import jakarta.servlet.Filter;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.core.Ordered;

/** The filter that takes deadlines over, in applications that have servlets and in others. */
class EvenloadDeadlineAutoConfigurationTest {

  private static final AutoConfigurations CONFIGURATIONS =
      AutoConfigurations.of(EvenloadDeadlineAutoConfiguration.class);

  private final WebApplicationContextRunner web =
      new WebApplicationContextRunner().withConfiguration(CONFIGURATIONS);

  @Test
  void filter_inAServletApplication_isInFront() {
    web.run(
        context -> {
          FilterRegistrationBean<?> filter = context.getBean(FilterRegistrationBean.class);
          assertThat(filter.getOrder()).isEqualTo(Ordered.HIGHEST_PRECEDENCE);
          assertThat(filter.getFilter())
              .isInstanceOfSatisfying(
                  DeadlineFilter.class,
                  deadline ->
                      assertThat(deadline.header()).isEqualTo(DeadlineFilter.DEFAULT_HEADER));
        });
  }

  @Test
  void filter_keyOfTheHeader_isWhatItReads() {
    web.withPropertyValues("evenload.default.timeout-header=X-Left")
        .run(
            context ->
                assertThat(context.getBean(FilterRegistrationBean.class).getFilter())
                    .hasToString("DeadlineFilter{header=X-Left}"));
  }

  @Test
  void filter_ownOrTurnedOffOrWithoutServlets_isNotThere() {
    web.withBean("own", DeadlineFilter.class, () -> new DeadlineFilter("X-Own"))
        .run(context -> assertThat(context).doesNotHaveBean(FilterRegistrationBean.class));
    web.withPropertyValues("evenload.spring.enabled=false")
        .run(context -> assertThat(context).doesNotHaveBean(FilterRegistrationBean.class));
    web.withClassLoader(new FilteredClassLoader(DeadlineFilter.class))
        .run(context -> assertThat(context).doesNotHaveBean(Filter.class));
    new ApplicationContextRunner()
        .withConfiguration(CONFIGURATIONS)
        .run(context -> assertThat(context).doesNotHaveBean("evenloadDeadlines"));
  }
}
