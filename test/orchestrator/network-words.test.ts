import t from 'tap';
import { plainFailure, plainReason } from '../../orchestrator/network-words.js';

t.test('what Node says of sockets and names becomes a sentence', async (t) => {
  const sentences: [string, string][] = [
    ['connect ECONNREFUSED 10.0.0.2:81', '10.0.0.2:81 refuses the connection: nothing listens on that port'],
    ['getaddrinfo ENOTFOUND nosuch', 'nosuch: no such name'],
    ['getaddrinfo ENOTFOUND nosuch: the name has no address', 'nosuch: the name has no address'],
    ['getaddrinfo EAI_AGAIN www.server.com', 'www.server.com: no name server answers'],
    ['connect ENETUNREACH 10.99.0.1:80', 'no route leads to 10.99.0.1:80'],
    ['connect ENETUNREACH 10.99.0.1:80 - Local (0.0.0.0:0)', 'no route leads to 10.99.0.1:80'],
    ['connect EHOSTUNREACH 10.0.0.9:80', '10.0.0.9:80 cannot be reached: no host answers there'],
    ['connect ETIMEDOUT 10.0.0.9:80', '10.0.0.9:80 does not answer'],
    ['read ECONNRESET', 'the other end has broken the connection off'],
  ];
  for (const [message, sentence] of sentences) t.equal(plainReason(message), sentence);
});

t.test('other messages are left alone', async (t) => {
  for (const message of ['', 'nothing has come for 30 s', 'connect ESTRANGE 10.0.0.1:1', 'nosuch: no such name']) {
    t.equal(plainReason(message), message);
  }
});

t.test('of what is no system error, the code stays', async (t) => {
  const refused = { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 10.0.0.2:81' };
  t.equal(plainFailure(refused), '10.0.0.2:81 refuses the connection: nothing listens on that port');
  t.equal(plainFailure({ code: 'CERT_HAS_EXPIRED', message: 'it has expired' }), 'CERT_HAS_EXPIRED: it has expired');
});
