import t from 'tap';
import { readRefresh } from '../../../../../devices/apps/web/browser/html/refresh.js';

const PAGE = 'http://www.server.com/a/b';
const read = (text: string) => readRefresh(text, PAGE);

t.test('seconds, and where to, in the spellings that browsers take', async (t) => {
  t.strictSame(read('5'), { seconds: 5, url: PAGE });
  t.strictSame(read('0; url=/c'), { seconds: 0, url: 'http://www.server.com/c' });
  t.strictSame(read(' 1.9 , URL = "c d" rest'), { seconds: 1, url: 'http://www.server.com/a/c%20d' });
  t.strictSame(read("0;url='http://img.server.com/'"), { seconds: 0, url: 'http://img.server.com/' });
  t.strictSame(read('3 c'), { seconds: 3, url: 'http://www.server.com/a/c' });
  t.strictSame(read('.5;'), { seconds: 0, url: PAGE });
});

t.test('what is none', async (t) => {
  for (const text of ['', 'x', '-1', '5x', '0;url=javascript:1', '0;url=http://['])
    t.equal(read(text), undefined, text);
});
