import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unifiedDiff } from './unified-diff.ts'

check('nothing changed', 'abc', 'abc', '')
check('a line was put in, with three lines around it', 'abcdefgh', 'abcdXefgh', '@@ -2,6 +2,7 @@| b| c| d|+X| e| f| g|')
check('one replaced, one taken away, near each other', 'abcdefgh', 'aXcdefh', '@@ -1,8 +1,7 @@| a|-b|+X| c| d| e| f|-g| h|')
check('far from each other', 'abcdefghij', 'XbcdefghiY', '@@ -1,4 +1,4 @@|-a|+X| b| c| d|@@ -7,4 +7,4 @@| g| h| i|-j|+Y|')
check('seven equal lines between changes part them, six do not', 'abcdefgh', 'XbcdefgY', '@@ -1,8 +1,8 @@|-a|+X| b| c| d| e| f| g|-h|+Y|')
check('all is other', 'a', 'b', '@@ -1 +1 @@|-a|+b|')
check('the longest run stays, not the first', 'abab', 'bab', '@@ -1,4 +1,3 @@|-a| b| a| b|')

test('in a long text a run does not begin with a line that stands everywhere', () => {
  const filler = Array.from({ length: 200 }, () => 'x')
  const before = ['a', ...filler, 'b'].join('\n')
  const after = ['a', 'y', ...filler, 'b'].join('\n')
  // The run of `x` is found from its ends only.
  assert.equal(unifiedDiff(before, after), '@@ -1,4 +1,5 @@\n a\n+y\n x\n x\n x\n')
})

test('texts of many lines end in time, and what was not compared counts as changed', () => {
  const count = 60_000
  const cases = {
    'every second line is other': [(i: number) => (i % 2 ? `a${i}` : `${i}`), (i: number) => (i % 2 ? `b${i}` : `${i}`)],
    'few lines that stand often': [(i: number) => `${i % 150}`, (i: number) => `${(i * 37) % 150}`],
  } as const
  for (const [name, [lineBefore, lineAfter]] of Object.entries(cases)) {
    const [before, after] = [lineBefore, lineAfter].map((line) => Array.from({ length: count }, (_, i) => line(i)).join('\n'))
    const started = process.threadCpuUsage()
    const lines = unifiedDiff(before!, after!).split('\n')
    const spentMs = process.threadCpuUsage(started).user / 1000
    assert.ok(spentMs < 2000, `${name}: ${spentMs} ms`)
    const [removed, added] = ['-', '+'].map((sign) => lines.filter((line) => line.startsWith(sign)).length)
    assert.equal(removed, added, name)
  }
})

test('one change in a text of many lines is found among them', () => {
  const lines = Array.from({ length: 60_000 }, (_, i) => `${i}`)
  const found = unifiedDiff(lines.join('\n'), lines.with(30_000, 'x').join('\n'))
  assert.equal(found, '@@ -29998,7 +29998,7 @@\n 29997\n 29998\n 29999\n-30000\n+x\n 30001\n 30002\n 30003\n')
})

/** Texts as their lines, a letter each; the wanted lines between bars. */
function check(name: string, before: string, after: string, wanted: string): void {
  test(name, () => assert.equal(unifiedDiff([...before].join('\n'), [...after].join('\n')), wanted.replaceAll('|', '\n')))
}
