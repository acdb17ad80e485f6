package io.evenload.okhttp.internal.route;

import okhttp3.Request;
import okhttp3.Response;

/** A redirect, and the request that OkHttp made of it by its own rules. */
public record FollowUp(Response redirect, Request request) {}
