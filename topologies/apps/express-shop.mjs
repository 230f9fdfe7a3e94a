// Express: the application is itself a request listener.
import express from 'express';

const app = express();
const orders = [];

app.use(express.urlencoded({ extended: false }));

app.get('/', (request, response) => {
  response.send(`<!doctype html><title>Shop</title>
<form method="post" action="/orders"><input name="name"><button>Order</button></form>
<p>${orders.length} orders; you came by ${request.protocol} from ${request.ip}</p>\n`);
});

app.post('/orders', (request, response) => {
  orders.push(request.body.name);
  response.cookie('customer', request.body.name, { httpOnly: true });
  response.redirect(303, '/');
});

app.get('/broken', () => {
  throw new Error('this page is broken');
});

export default app;
