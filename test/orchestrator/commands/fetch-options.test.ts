import { join } from 'node:path';
import t from 'tap';
import { type FetchOptions, fetchRequest } from '../../../orchestrator/commands/fetch-options.js';

const DEFAULTS: FetchOptions = { subresources: true, cache: true };
const request = (options: Partial<FetchOptions>) => fetchRequest('http://a/', { ...DEFAULTS, ...options });

t.test('without options: a page with all that it needs, from the cache where it is there', async (t) => {
  t.match(await request({}), { url: 'http://a/', subresources: true, cache: 'default', bodies: false, headers: {} });
  t.notOk('form' in (await request({})));
});

t.test('the cache: as it is, asked again, left alone', async (t) => {
  t.equal((await request({ reload: true })).cache, 'reload');
  t.equal((await request({ cache: false })).cache, 'no-store');
  t.equal((await request({ cache: false, reload: true })).cache, 'no-store');
  t.match(await request({ clear: true }), { clear: true, cache: 'default' });
});

t.test('forms: fields with whatever is in them', async (t) => {
  t.same((await request({ form: ['a=1', 'b=x=y&z', 'c='] })).form, {
    fields: [
      { name: 'a', value: '1' },
      { name: 'b', value: 'x=y&z' },
      { name: 'c', value: '' },
    ],
  });
  await t.rejects(request({ form: ['nothing'] }), { exitStatus: 2, message: /"nothing" is no field/ });
  await t.rejects(request({ form: ['=x'] }), { exitStatus: 2, message: /no field/ });
  await t.rejects(request({ form: ['a=1'], data: 'b' }), { exitStatus: 2, message: /one body/ });
  await t.rejects(request({ form: ['a=1'], multipart: ['b=2'] }), { exitStatus: 2, message: /one body/ });
});

t.test('multipart: files of text, by name and type', async (t) => {
  const folder = t.testdir({ 'list.csv': 'a,ä\n', 'picture.bin': Buffer.from([0xff, 0xfe, 0]) });
  const path = join(folder, 'list.csv');
  const { form } = await request({ multipart: ['to=me', `file=@${path}`, `typed=@${path};type=text/csv`] });
  t.same(form, {
    encoding: 'multipart/form-data',
    fields: [
      { name: 'to', value: 'me' },
      { name: 'file', value: 'a,ä\n', fileName: 'list.csv' },
      { name: 'typed', value: 'a,ä\n', fileName: 'list.csv', contentType: 'text/csv' },
    ],
  });
  await t.rejects(request({ multipart: [`f=@${join(folder, 'none')}`] }), {
    exitStatus: 2,
    message: /^cannot read .*none: no such file$/,
  });
  await t.rejects(request({ multipart: [`f=@${join(folder, 'picture.bin')}`] }), { exitStatus: 2, message: /no text/ });
});

t.test('headers and times', async (t) => {
  const { headers, timeoutMs } = await request({ header: ['Accept-Language: fr', 'X:a:b'], timeout: '1.5s' });
  t.same(headers, { 'Accept-Language': 'fr', X: 'a:b' });
  t.equal(timeoutMs, 1500);
  await t.rejects(request({ header: ['no header'] }), { exitStatus: 2, message: /not a header/ });
  await t.rejects(request({ timeout: '5' }), { exitStatus: 2, message: /duration/ });
  t.ok((await request({ har: 'a.har' })).bodies);
});
