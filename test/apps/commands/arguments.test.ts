import t from 'tap';
import { parseArguments } from '../../../devices/apps/commands/arguments.js';
import { UsageError } from '../../../devices/apps/commands/define.js';

const LONG = { numeric: 'n', count: 'c', color: 'color:' };
const parse = (...argv: string[]) => parseArguments(argv, 'nqc:', LONG);

t.test('letters alone, together, with values in the same word or the next', (t) => {
  const args = parse('-nq', '-c3', 'host', '-c', '4', '-');
  t.same([args.has('n'), args.has('q'), args.has('x')], [true, true, false]);
  t.equal(args.value('c'), '4', 'the last one counts');
  t.same(args.all('c'), ['3', '4']);
  t.same(args.operands, ['host', '-']);
  t.equal(parse('-nqc', '5').value('c'), '5');
  t.end();
});

t.test('long names, and -- ends the options', (t) => {
  const args = parse('--numeric', '--count=7', '--color', 'red', '--', '-n', '--count');
  t.equal(args.has('n'), true);
  t.equal(args.value('c'), '7');
  t.equal(args.value('color'), 'red');
  t.same(args.operands, ['-n', '--count']);
  t.end();
});

t.test("getopt's complaints", (t) => {
  const complains = (argv: string[], message: string) =>
    t.throws(() => parse(...argv), new UsageError(message), argv.join(' '));
  complains(['-z'], "invalid option -- 'z'");
  complains(['-:'], "invalid option -- ':'");
  complains(['-c'], "option requires an argument -- 'c'");
  complains(['--nope'], "unrecognized option '--nope'");
  complains(['--toString'], "unrecognized option '--toString'");
  complains(['--numeric=1'], "option '--numeric' doesn't allow an argument");
  complains(['--count'], "option requires an argument -- 'count'");
  t.end();
});

t.test('numbers in their ranges', (t) => {
  t.equal(parse('-c', '12').integer('c', 1, 20), 12);
  t.equal(parse().integer('c', 1, 20), undefined);
  t.throws(() => parse('-c', '21').integer('c', 1, 20), /'21': out of range: 1 <= value <= 20/);
  t.throws(() => parse('-c', '1e1').integer('c', 1, 20), /invalid argument: '1e1'/);
  t.equal(parse('-c', '0.5').seconds('c', 0), 0.5);
  t.equal(parse('-c', '.5').seconds('c', 0), 0.5);
  t.throws(() => parse('-c', '.').seconds('c', 0), /invalid argument: '\.'/);
  t.throws(() => parse('-c', '-1').seconds('c', 0), /invalid argument: '-1'/);
  t.throws(() => parse('-c', '0.1').seconds('c', 0.2), /invalid argument: '0.1'/);
  t.end();
});
