/** HAR 1.2 as its specification describes it: http://www.softwareishard.com/blog/har-12-spec/. Further fields begin with `_`. */
import { z } from 'zod';

const text = z.string();
/** ISO 8601 with its zone. */
const time = z.iso.datetime({ offset: true });
const size = z.int().min(-1);
/** Milliseconds; -1: does not apply. */
const phase = z.union([z.literal(-1), z.number().nonnegative()]);
const duration = z.number().nonnegative();

/** What the specification lists, and nothing else but what begins with an underscore. */
function object<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.looseObject({ ...shape, comment: text.optional() }).superRefine((value, context) => {
    for (const name of Object.keys(value)) {
      if (name in shape || name === 'comment' || name.startsWith('_')) continue;
      context.addIssue({ code: 'custom', message: `HAR 1.2 has no ${name} here`, path: [name] });
    }
  });
}

const named = object({ name: text, version: text });
const pair = object({ name: text, value: text });
const cookie = object({
  name: text,
  value: text,
  path: text.optional(),
  domain: text.optional(),
  expires: time.optional(),
  httpOnly: z.boolean().optional(),
  secure: z.boolean().optional(),
  sameSite: z.enum(['strict', 'lax', 'none']).optional(),
});
const message = {
  httpVersion: text,
  cookies: z.array(cookie),
  headers: z.array(pair),
  headersSize: size,
  bodySize: size,
};
const request = object({
  ...message,
  method: text,
  url: z.url(),
  queryString: z.array(pair),
  postData: object({ mimeType: text, text }).optional(),
});
const response = object({
  ...message,
  status: z.int().nonnegative(),
  statusText: text,
  content: object({
    size: z.int().nonnegative(),
    compression: z.int().optional(),
    mimeType: text,
    text: text.optional(),
    encoding: text.optional(),
  }),
  redirectURL: text,
});
const cacheState = object({ expires: time.optional(), lastAccess: time, eTag: text, hitCount: z.int().nonnegative() });
const timings = object({
  blocked: phase,
  dns: phase,
  connect: phase,
  ssl: phase,
  send: duration,
  wait: duration,
  receive: duration,
});
const entry = object({
  pageref: text,
  startedDateTime: time,
  time: duration,
  request,
  response,
  cache: object({ beforeRequest: cacheState.optional(), afterRequest: cacheState.optional() }),
  timings,
  serverIPAddress: z.union([z.ipv4(), z.ipv6()]).optional(),
  connection: text.optional(),
});

export const HAR_SCHEMA = object({
  log: object({
    version: z.literal('1.2'),
    creator: named,
    browser: named.optional(),
    pages: z.array(
      object({
        startedDateTime: time,
        id: text,
        title: text,
        pageTimings: object({ onContentLoad: phase, onLoad: phase }),
      }),
    ),
    entries: z.array(entry),
  }),
});
