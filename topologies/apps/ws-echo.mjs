// ws: a WebSocket server beside a page, on one http.Server.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const server = createServer((request, response) => {
  response.setHeader('Content-Type', 'text/plain');
  response.end(`WebSocket: ws://${request.headers.host}/\n`);
});

const sockets = new WebSocketServer({ server });
sockets.on('connection', (socket) => {
  // Frames that break the protocol: ws closes the connection.
  socket.on('error', () => {});
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});

export default server;
