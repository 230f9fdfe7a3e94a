/** Small servers and clients on the kernel's own TCP, as programs for `node -e` in a namespace. They print what they see. */

/** `node -e PROGRAM WORD…`; the program finds its words in process.argv from index 1. */
export function nodeProgram(program: string, ...words: (string | number)[]): string[] {
  return [process.execPath, '-e', program, ...words.map(String)];
}

/** PORT: reads until the peer's FIN, and only then answers, into a half-closed connection: how many bytes it got. */
export const COUNTING_SERVER = `
const server = require('node:net').createServer({ allowHalfOpen: true }, (socket) => {
  let count = 0;
  socket.on('data', ({ length }) => { count += length; });
  socket.on('end', () => socket.end('received ' + count + ' bytes\\n'));
  socket.on('close', (failed) => { console.log('closed', failed); server.close(); });
});
server.listen(Number(process.argv[1]), () => console.log('listening'));
`;

/** PORT: greets, sends a FIN at once, and goes on reading until the peer's FIN. */
export const LISTENING_ON_SERVER = `
const server = require('node:net').createServer({ allowHalfOpen: true }, (socket) => {
  let text = '';
  socket.end('that is all\\n');
  socket.setEncoding('utf8').on('data', (chunk) => { text += chunk; });
  socket.on('end', () => console.log('heard', JSON.stringify(text)));
  socket.on('close', (failed) => { console.log('closed', failed); server.close(); });
});
server.listen(Number(process.argv[1]), () => console.log('listening'));
`;

/** PORT: answers the first data with a RST. */
export const RESETTING_SERVER = `
const server = require('node:net').createServer((socket) => {
  socket.once('data', () => { socket.resetAndDestroy(); server.close(); });
});
server.listen(Number(process.argv[1]), () => console.log('listening'));
`;

/** HOST PORT: sends one line, waits for some of the answer, and resets the connection. */
export const RESETTING_CLIENT = `
const socket = require('node:net').connect(Number(process.argv[2]), process.argv[1], () => socket.write('hello\\n'));
socket.once('data', (data) => { console.log(String(data).slice(0, 5)); socket.resetAndDestroy(); });
`;

/** PORT: sends back each datagram, twice as long. */
export const DOUBLING_UDP_SERVER = `
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (data, { port, address }) => socket.send(Buffer.concat([data, data]), port, address));
socket.bind(Number(process.argv[1]), () => console.log('listening'));
`;

/** PORT FILE: an HTTP server that has one file. */
export const FILE_SERVER = `
const [, port, file] = process.argv;
const { createReadStream, statSync } = require('node:fs');
const server = require('node:http').createServer((_request, response) => {
  response.writeHead(200, { 'Content-Length': statSync(file).size });
  createReadStream(file).pipe(response);
});
server.listen(Number(port), () => console.log('listening'));
`;
