/** `npm run torture -- --rounds N`: informers against a server that is killed and connections that are cut, for as long as is wished. */
import { parseArgs } from 'node:util'
import { torture } from './torture.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    informers: { type: 'string', default: '100' },
    rate: { type: 'string', default: '500' },
    'round-ms': { type: 'string', default: '2500' },
    help: { type: 'boolean', short: 'h' },
  },
})

if (values.help) {
  console.log('npm run torture -- [--rounds 100] [--seed 1] [--informers 100] [--rate 500] [--round-ms 2500]')
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
