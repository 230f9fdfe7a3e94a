/** What a topology says of web servers: the rules of sites, certificates in the plan, and what is wrong with them. */
import t from 'tap';
import { checkDeviceConfig } from '../../../devices/control.js';
import { parseTopology, planTopology, TopologyError } from '../../../orchestrator/topology/index.js';

const options = { lab: 'x', runDir: '/run/x', basePort: 20_000, platform: 'linux' } as const;

function planOf(host: string, more = {}) {
  const topology = parseTopology(`devices:\n  a: host\n  b: ${host}\nlinks: [a -- b]\n`, 'topologies/x.yaml');
  return planTopology(topology, { ...options, ...more });
}

const webOf = (site: string, host = '') => planOf(`{kind: host, ${host} sites: {s.test: ${site}}}`)[1].web;

function problems(site: string, host = ''): string[] {
  try {
    webOf(site, host);
  } catch (error) {
    if (error instanceof TopologyError) return error.problems.map(({ message }) => message);
    throw error;
  }
  return [];
}

t.test('rules of a site, in the words of the web server', async (t) => {
  t.same(
    webOf(
      `{echo: /echo, https: only, hsts: 365d, maxBody: 10MB, errors: {404: /oops.html},
        cache: {'*.png': 1d, '*.html': no-cache, '/x/*': 'public, max-age=60, immutable'},
        headers: {'*': {X-Frame-Options: DENY}},
        cookies: {visits: visits, theme: {text: dark, for: '/x/*', path: /x, maxAge: 1h, httpOnly: true, secure: true, sameSite: None}}}`,
      'webPort: 8080, httpsPort: 8443, unknownHost: 421, accessLog: combined,',
    ),
    {
      port: 8080,
      httpsPort: 8443,
      unknownHost: 421,
      accessLog: { file: '/run/x/b.access.log', format: 'combined' },
      sites: [
        {
          names: ['s.test'],
          echoPath: '/echo',
          https: 'only',
          hstsSeconds: 31_536_000,
          cache: [
            { match: '*.png', control: 'max-age=86400', expiresSeconds: 86_400 },
            { match: '*.html', control: 'no-cache' },
            { match: '/x/*', control: 'public, max-age=60, immutable' },
          ],
          headers: [{ match: '*', set: { 'X-Frame-Options': 'DENY' } }],
          cookies: [
            { name: 'visits', value: 'visits' },
            {
              name: 'theme',
              text: 'dark',
              match: '/x/*',
              path: '/x',
              maxAgeSeconds: 3_600,
              httpOnly: true,
              secure: true,
              sameSite: 'None',
            },
          ],
          errorPages: { 404: '/oops.html' },
          maxBodyBytes: 10_000_000,
        },
      ],
    },
  );
  t.same(webOf('{echo: /}', 'accessLog: off, unknownHost: first,'), { sites: [{ names: ['s.test'], echoPath: '/' }] });
});

t.test('a device takes what is planned; https alone needs a certificate', async (t) => {
  const host = '{kind: host, sites: {s.test: {echo: /, https: only, cache: {"*": 1h}, cookies: {v: visits}}}}';
  const certificates = new Map([['b', [{ names: ['s.test'], chain: 'chain', key: 'key' }]]]);
  const check = (more = {}) => checkDeviceConfig(JSON.parse(JSON.stringify(planOf(host, more)[1])));
  t.type(check({ certificates }), 'object');
  t.equal(check(), 'web.sites[0].https: is only, but web.certificates has none');
});

t.test('certificates are an input of the plan; it stays the same otherwise', async (t) => {
  const certificates = new Map([['b', [{ names: ['s.test'], chain: 'chain', key: 'key' }]]]);
  const host = '{kind: host, sites: {s.test: {echo: /}}}';
  const [a, b] = planOf(host, { certificates, authorities: ['root'] });
  t.same(a.authorities, ['root'], 'every host trusts the authority');
  t.same(b.web?.certificates, certificates.get('b'));
  t.same(planOf(host), planOf(host));
  t.notOk('authorities' in planOf(host)[0]);
});

t.test('an application: a module that is there', async (t) => {
  t.match(webOf('{app: hello.yaml}')?.sites, [{ app: { module: /topologies.hello\.yaml$/ } }]);
  t.match(webOf('{app: {module: hello.yaml, export: app}}')?.sites, [{ app: { export: 'app' } }]);
  const missing = 'the module "apps/nowhere.mjs" does not exist; it is looked for beside the topology file';
  t.same(problems('{app: apps/nowhere.mjs}'), [missing]);
  t.same(problems('{app: {module: apps/nowhere.mjs}}'), [missing]);
  t.same(problems('{app: hello.yaml, root: sites}'), ['an application serves its files itself: leave "root:" out']);
});

t.test('what cannot be', async (t) => {
  t.same(problems('{echo: /, cache: {"*.png": soon enough}}'), [
    '"soon enough" is neither a duration nor a Cache-Control: write 1d, no-cache or no-store',
  ]);
  t.same(problems('{echo: /, headers: {"*": {"X Y": a}}}'), ['"X Y" is not the name of a header']);
  t.same(problems('{echo: /, headers: {"*": {content-length: "5"}}}'), [
    'the web server sets content-length by itself',
  ]);
  t.same(problems('{echo: /, headers: {"*": {X-A: "a\\nb"}}}'), ['"a\nb" cannot stand in a header']);
  t.same(problems('{echo: /, cookies: {"a b": session}}'), ['"a b" is not the name of a cookie']);
  t.same(problems('{echo: /, cookies: {a: {}}}'), [
    'a cookie needs a "value:" (session or visits) or a "text:", and not both',
  ]);
  t.same(problems('{echo: /, cookies: {a: {text: "x; y"}}}'), [
    '"x; y" cannot stand in a cookie: no spaces, quotes, commas, semicolons',
  ]);
  t.same(problems('{echo: /, cookies: {a: {text: x, path: shop}}}'), ['"shop" is not a path: write /shop']);
  t.same(problems('{echo: /, cookies: {a: {text: x, sameSite: None}}}'), [
    'browsers refuse SameSite=None without "secure: true"',
  ]);
  t.same(problems('{echo: /, errors: {200: /a}}'), ['"200" is not the status of an error: 400 to 599']);
  t.same(problems('{echo: /, errors: {404: a.html}}'), ['"a.html" is not a path in the site: write /a.html']);
  t.same(problems('{echo: /, https: sometimes}'), ['"sometimes" is not a way of serving https: also, only or off']);
  t.same(problems('{echo: /}', 'webPort: 443,'), ['http and https cannot both be on port 443']);
  t.same(problems('{echo: /}', 'accessLog: none,'), [
    '"none" is not a format of the access log: common, combined or off',
  ]);
  t.same(problems('{echo: /}', 'unknownHost: 403,'), ['403 is not an answer to unknown names: first, 404 or 421']);
});
