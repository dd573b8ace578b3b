import type { Figure } from '../figure.ts'
import { wherry, withCluster } from '../support/cluster.ts'
import { median } from '../support/statistics.ts'

const times = 5

/** How long a user waits for a cluster. */
export const up: Figure = {
  name: 'up',
  part: 'cluster',
  about: '"wherry up" until the node is Ready, everything installed',
  measure: ({ terminal }) =>
    withCluster(async () => {
      const taken: number[] = []
      for (let i = 0; i < times; i += 1) {
        terminal(`  up ${i + 1} of ${times}`)
        await wherry('down')
        taken.push(await wherry('up', '--no-welcome'))
      }
      return [
        {
          figure: 'wherry up to node Ready, warm',
          value: median(taken) / 1000,
          unit: 's',
          better: 'less',
          beside: { minMs: Math.min(...taken), maxMs: Math.max(...taken) },
        },
      ]
    }),
}
