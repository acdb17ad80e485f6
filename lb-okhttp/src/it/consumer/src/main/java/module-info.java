/** A user's module: naming io.evenload.okhttp must bring along the types of its API. */
module com.example {
  requires io.evenload.okhttp;
  requires jdk.httpserver;
}
