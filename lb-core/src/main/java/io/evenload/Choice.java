package io.evenload;

/** What led to the endpoint of an attempt, in the words of the log. */
enum Choice {
  CHOSEN("the chooser's choice"),
  SECOND("the chooser's second choice, as the first was refused"),
  PREFERRED("what the request prefers"),
  ANOTHER_ZONE("by weight in another zone, as attempts in this one failed"),
  FOUND("found by the balancer, as no choice was left to the chooser");

  private final String words;

  Choice(String words) {
    this.words = words;
  }

  @Override
  public String toString() {
    return words;
  }
}
