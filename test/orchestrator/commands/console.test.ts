import fc from 'fast-check';
import t from 'tap';
import { splitWords } from '../../../orchestrator/commands/console.js';

t.test('white space separates words', async (t) => {
  t.same(splitWords('ping -c 3  www.server.com\t'), ['ping', '-c', '3', 'www.server.com']);
  t.same(splitWords(''), []);
  t.same(splitWords('   '), []);
});

t.test('quotes and backslashes keep it', async (t) => {
  t.same(splitWords(`curl -H "Accept: text/html" http://a/`), ['curl', '-H', 'Accept: text/html', 'http://a/']);
  t.same(splitWords(`echo 'a  "b"' c\\ d`), ['echo', 'a  "b"', 'c d']);
  t.same(splitWords(`echo "say \\"hi\\"" 'it'\\''s'`), ['echo', 'say "hi"', `it's`]);
  t.same(splitWords(`echo "" ''`), ['echo', '', '']);
});

t.test('pieces without white space between them are one word', async (t) => {
  t.same(splitWords(`curl --data='a b'`), ['curl', '--data=a b']);
  t.same(splitWords(`a"b c"d'e f'g`), ['ab cde fg']);
});

t.test('in quotes a backslash stays before what it does not protect', async (t) => {
  t.same(splitWords(`printf "a\\nb" 'c\\d'`), ['printf', 'a\\nb', 'c\\d']);
});

t.test('a quote that is not closed goes to the end of the line', async (t) => {
  t.same(splitWords(`echo "a b`), ['echo', 'a b']);
  t.same(splitWords(`echo 'a b`), ['echo', 'a b']);
});

t.test('any words are found again when they are quoted', async () => {
  const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
  const word = fc.string().filter((text) => !text.includes('\n'));
  fc.assert(
    fc.property(fc.array(word), (words) => splitWords(words.map(quoted).join(' ')).join('\n') === words.join('\n')),
  );
});
