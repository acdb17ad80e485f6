package io.evenload.okhttp;

import okhttp3.MediaType;
import okhttp3.ResponseBody;

/** A body like another one, whose bytes come by a source of its own. */
abstract class WrappedBody extends ResponseBody {

  private final ResponseBody body;

  WrappedBody(ResponseBody body) {
    this.body = body;
  }

  @Override
  public final MediaType contentType() {
    return body.contentType();
  }

  @Override
  public final long contentLength() {
    return body.contentLength();
  }
}
