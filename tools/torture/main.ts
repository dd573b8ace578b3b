/**
 * `npm run torture -- --rounds N`: informers against a server that is killed and connections that are cut, for as long as is wished. The rate is what
 * is tried while the server is up: a tenth more than the 500 acknowledged writes a second that are wanted, since what is on its way at a kill is lost.
 */
import { parseArgs } from 'node:util'
import { torture } from './torture.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    informers: { type: 'string', default: '100' },
    rate: { type: 'string', default: '550' },
    'round-ms': { type: 'string', default: '4000' },
    help: { type: 'boolean', short: 'h' },
  },
})

if (values.help) {
  console.log('npm run torture -- [--rounds 100] [--seed 1] [--informers 100] [--rate 550] [--round-ms 4000]')
} else {
  const startedAt = performance.now()
  const result = await torture({
    rounds: number('rounds'),
    seed: number('seed'),
    informers: number('informers'),
    updatesPerSecond: number('rate'),
    roundMs: number('round-ms'),
    report: (line) => console.log(line),
  })
  console.log(`${JSON.stringify(result)} in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
}

function number(name: 'rounds' | 'seed' | 'informers' | 'rate' | 'round-ms'): number {
  const value = Number(values[name])
  if (!(Number.isInteger(value) && value >= 0)) throw new Error(`--${name} must be a whole number, not "${values[name]}"`)
  return value
}
