// ws: a WebSocket server beside a page, on one http.Server.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const server = createServer((request, response) => {
  response.setHeader('Content-Type', 'text/plain');
  response.end(`WebSocket: ws://${request.headers.host}/\n`);
});

const sockets = new WebSocketServer({ server });
sockets.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});

export default server;
