package io.evenload.config;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Reads the private fields of builders, which have no getters. */
final class Fields {

  private Fields() {}

  /** Returns the value at the end of a path such as {@code retry.maxAttempts}; null ends it. */
  static Object of(Object object, String path) {
    Object value = object;
    for (String name : path.split("\\.", -1)) {
      value = value == null ? null : read(value, name);
    }
    return value;
  }

  static boolean has(Object object, String name) {
    return fields(object).anyMatch(field -> field.getName().equals(name));
  }

  /** Calls a method of the package of the object's class, without overloads. */
  static Object call(Object object, String name, Object... arguments) {
    for (Method method : object.getClass().getDeclaredMethods()) {
      if (method.getName().equals(name) && method.getParameterCount() == arguments.length) {
        try {
          method.setAccessible(true);
          return method.invoke(object, arguments);
        } catch (ReflectiveOperationException e) {
          throw new LinkageError(name, e);
        }
      }
    }
    throw new AssertionError(object.getClass() + " has no method " + name);
  }

  /** Returns all fields, functions aside, which are never equal. */
  static Map<String, String> all(Object object) {
    Map<String, String> fields = new TreeMap<>();
    for (Field field : fields(object).toList()) {
      if (!Modifier.isStatic(field.getModifiers())) {
        String value = String.valueOf(read(object, field.getName()));
        fields.put(field.getName(), value.replaceAll("(@|\\$\\$Lambda).*", ""));
      }
    }
    return fields;
  }

  private static Stream<Field> fields(Object object) {
    return Stream.<Class<?>>iterate(object.getClass(), type -> type != null, Class::getSuperclass)
        .flatMap(type -> Arrays.stream(type.getDeclaredFields()));
  }

  private static Object read(Object object, String name) {
    for (Class<?> type = object.getClass(); type != null; type = type.getSuperclass()) {
      try {
        Field field = type.getDeclaredField(name);
        field.setAccessible(true);
        return field.get(object);
      } catch (NoSuchFieldException e) {
        // It may be a superclass's.
      } catch (IllegalAccessException e) {
        throw new AssertionError(e);
      }
    }
    throw new AssertionError(object.getClass() + " has no field " + name);
  }
}
