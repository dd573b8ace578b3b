/**
 * `npm run restarts -- --rounds N --pods M`: agent, server and container runtime of this machine's cluster, each killed N times while pods come
 * and go beside M that stay. Those run on as they are, and in the end nothing is left of the others.
 */
import { parseArgs } from 'node:util'
import { seededRandom } from '#lib/random.ts'
import { restarts } from './restarts.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    pods: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    victims: { type: 'string', default: 'agent,server,containerd' },
    help: { type: 'boolean', short: 'h' },
  },
})

if (values.help) {
  console.log('npm run restarts -- [--rounds 100] [--pods 100] [--seed 1] [--victims agent,server,containerd]')
} else {
  const differences = await restarts({
    rounds: number('rounds'),
    pods: number('pods'),
    random: seededRandom(number('seed')),
    victims: values.victims.split(','),
    report: (line) => console.log(line),
  })
  for (const difference of differences) console.log(difference)
  if (differences.length > 0) process.exitCode = 1
}

function number(name: 'rounds' | 'pods' | 'seed'): number {
  const value = Number(values[name])
  if (!(Number.isInteger(value) && value >= 0)) throw new Error(`--${name} must be a whole number, not "${values[name]}"`)
  return value
}
