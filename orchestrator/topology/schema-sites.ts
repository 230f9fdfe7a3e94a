/** What the file says of a host's web server and its sites. */
import { z } from 'zod';
import { COOKIE_VALUES, HTTPS_MODES, LOG_FORMATS, SAME_SITE } from '../../devices/control.js';
import { duration, flag, shown, size, text } from './schema-fields.js';

const expected = (what: string) => ({
  error: (issue: { input?: unknown }) => `${shown(issue.input)} is not ${what}`,
});

const port = (what: string, standard: number) =>
  z
    .int(expected('a port: write 1 to 65535'))
    .min(1, { error: 'a port is 1 to 65535' })
    .max(65535, { error: 'a port is 1 to 65535' })
    .optional()
    .describe(`${what}; default ${standard}.`);

const redirect = z.strictObject({
  from: text.describe('A path, or a prefix that ends in `*`.'),
  to: text.describe('Where to; when both end in `*`, what the star matched is appended.'),
  status: z
    .literal([301, 302, 303, 307, 308], expected('a redirect status: 301, 302, 303, 307 or 308'))
    .optional()
    .describe('Default 301.'),
});

const app = z
  .union(
    [z.string(), z.strictObject({ module: text, export: text.optional().describe('Default: the default export.') })],
    expected('an application: write its module, or a map such as {module: apps/shop.mjs, export: app}'),
  )
  .meta({
    description:
      'A JavaScript module that answers instead of files, relative to this file: it exports a request listener of ' +
      'Node’s (an Express app is one), an http.Server, or a function that makes one of these.',
    examples: ['apps/shop.mjs'],
  });

const cookie = z.union(
  [
    z.enum(COOKIE_VALUES),
    z.strictObject({
      value: z
        .enum(COOKIE_VALUES, expected('a kind of cookie: session or visits'))
        .optional()
        .describe('`session`: a random token for who has none. `visits`: counts the answers.'),
      text: text.optional().describe('Always this text.'),
      for: text.optional().describe('Which files it comes with; default `*.html`.'),
      path: text.optional().describe('Default `/`.'),
      maxAge: duration.optional().describe('How long the browser keeps it; left out: until it ends.'),
      httpOnly: flag.optional(),
      secure: flag.optional(),
      sameSite: z.enum(SAME_SITE, expected('a SameSite value: Strict, Lax or None')).optional(),
    }),
  ],
  expected('a cookie: write session, visits, or a map such as {text: dark, maxAge: 1h}'),
);

const site = z.union(
  [
    z.string(),
    z.strictObject({
      root: text.optional().describe('The folder that is served, relative to this file.'),
      aliases: z.array(text, expected('a list of names')).optional().describe('Further host names of this site.'),
      redirect: text.optional().describe('The whole site has moved to this URL; the path is kept.'),
      redirects: z.array(redirect, expected('a list of redirects')).optional(),
      echo: text.optional().describe('POST to this path answers with the body that it got.'),
      app: app.optional(),
      https: z
        .enum(HTTPS_MODES, expected('a way of serving https: also, only or off'))
        .optional()
        .describe('`also` (default): beside http. `only`: http is sent to https. `off`: http alone.'),
      hsts: duration.optional().describe('How long browsers shall use nothing but https (RFC 6797).'),
      cache: z
        .record(z.string(), text, expected("a map of files and how long they are fresh, such as {'*.png': 1d}"))
        .optional()
        .meta({
          description:
            'Files, and a duration or the text of Cache-Control for them. The first one that matches counts.',
          examples: [{ '*.png': '1d', '*.html': 'no-cache' }],
        }),
      headers: z
        .record(
          z.string(),
          z.record(z.string(), text, expected('a map of headers and their values')),
          expected("a map of files and their headers, such as {'*': {X-Frame-Options: DENY}}"),
        )
        .optional()
        .describe('Headers by the files that they come with.'),
      cookies: z
        .record(z.string(), cookie, expected('a map of cookies, such as {session: session}'))
        .optional()
        .describe('Cookies by name, set with the pages.'),
      errors: z
        .record(z.string(), text, expected('a map of statuses and pages, such as {404: /oops.html}'))
        .optional()
        .describe('The page of a status, as its path in this site. Default for 404: `/404.html`, when it is there.'),
      maxBody: size.optional().describe('Longer bodies are refused; default 16MiB, for an application none.'),
    }),
  ],
  expected('a site: write the folder, or a map such as {root: sites/www} or {redirect: http://www.server.com/}'),
);

/** The keys of a host that are about its web server. */
export const webServer = {
  sites: z
    .record(z.string(), site, expected('a map of sites, such as {www.server.com: sites/www.server.com}'))
    .optional()
    .describe('Web sites by host name: a folder relative to this file, or a map. The first answers unknown names.'),
  webPort: port('The TCP port of the web server', 80),
  httpsPort: port('The TCP port of https', 443),
  unknownHost: z
    .literal(['first', 404, 421], expected('an answer to unknown names: first, 404 or 421'))
    .optional()
    .describe('What a name gets that no site has: the first site (default), or this status.'),
  accessLog: z
    .enum([...LOG_FORMATS, 'off'], expected('a format of the access log: common, combined or off'))
    .optional()
    .describe('The access log of the web server, for `netarium logs HOST --access`; default common.'),
};

export type SiteFile = z.infer<typeof site>;
export type CookieFile = z.infer<typeof cookie>;
