// Fastify: the instance has a server of its own.
import Fastify from 'fastify';

const app = Fastify();
const books = new Map([
  ['1', 'The Lighthouse'],
  ['2', 'Night Train'],
]);

app.get('/books', async () => [...books].map(([id, title]) => ({ id, title })));

app.get('/books/:id', async (request, reply) => {
  const title = books.get(request.params.id);
  if (title === undefined) return reply.code(404).send({ error: 'no such book' });
  return { id: request.params.id, title };
});

app.put('/books/:id', async (request) => {
  books.set(request.params.id, request.body.title);
  return { id: request.params.id, title: request.body.title };
});

export default app;
