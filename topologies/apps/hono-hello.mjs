// Hono: it serves by itself; the port is one of the emulated host, and the site is served by the same server.
import { serve } from '@hono/node-server';
import { Hono } from 'hono';

const app = new Hono();

app.get('/', (context) => context.text('Hello Hono!'));
app.get('/json/:name', (context) => context.json({ hello: context.req.param('name') }));

serve({ fetch: app.fetch, port: 3000 });
