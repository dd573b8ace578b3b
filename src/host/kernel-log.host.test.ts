import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { kernelLog } from './kernel-log.ts'

/** Lines until the end, and whether another try is in vain. */
function follow(command: readonly [string, ...string[]]) {
  const lines: string[] = []
  return new Promise<{ lines: string[]; isLost: boolean }>((resolve) => {
    kernelLog(command).follow(
      (line) => void lines.push(line),
      ({ isLost }) => resolve({ lines, isLost }),
    )
  })
}

test('lines come one by one, until the program ends', async () => {
  assert.deepEqual(await follow(['sh', '-c', 'printf "a b\\nc\\n"; exit 1']), { lines: ['a b', 'c'], isLost: false })
})

test('a machine without the program is not asked again', async () => {
  for (const command of [['no-such-program-here'], ['setpriv', '--pdeathsig', 'KILL', 'no-such-program-here']] as const)
    assert.equal((await follow(command)).isLost, true)
})

test('what was ended says nothing any more', async () => {
  const first = Promise.withResolvers<string>()
  const later: string[] = []
  const end = kernelLog(['sh', '-c', 'echo one; exec sleep 60']).follow(
    (line) => {
      first.resolve(line)
      later.push(line)
    },
    () => void later.push('ended'),
  )
  assert.equal(await first.promise, 'one')
  end()
  assert.deepEqual(later, ['one'])
})

test('the programs of this machine know what they are asked', () => {
  const help = (program: string) => execFileSync(program, ['--help'], { encoding: 'utf8' })
  for (const option of ['--follow-new', '--kernel', '--notime', '--color']) assert.ok(help('dmesg').includes(option), option)
  assert.match(help('setpriv'), /--pdeathsig/)
})
