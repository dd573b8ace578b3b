import { createClient } from '#client/http.ts'
import { systemClock } from '#host/clock.ts'
import { welcomeImage } from '#host/images/welcome.ts'
import { systemRandom } from '#host/random.ts'
import { WherryError } from '#lib/errors.ts'
import { type Command, exit } from '../command.ts'
import { connectAsAdmin } from '../connect.ts'
import { createProgress } from '../progress.ts'
import { checkNetwork } from './check.ts'
import { describeReport } from './describe-report.ts'

export const network: Command = {
  name: 'network',
  summary: 'Check the network between nodes, pods, Services and names',
  usage: 'check [--node NAME] [--json]',
  options: {
    node: { type: 'string', value: 'NAME', help: 'only what this node asks, or is asked about' },
    json: { type: 'boolean', help: 'as JSON: ok, nodes, checks, findings' },
    image: { type: 'string', value: 'NAME', help: `what the pods run: any image with /usr/bin/node (default ${welcomeImage})` },
    timeout: { type: 'string', default: '60', value: 'SECONDS', help: 'how long pods may take to start, and to ask (default 60)' },
  },
  arguments: [1, 1],
  about: [
    'Starts two short-lived pods on every node and lets pods and nodes reach each other: node to node, pod to pod, packets of the whole MTU, Services and',
    'names. Says what is wrong where, and what to do; what follows from a cause is not told beside it. Everything is removed at the end.',
    '',
    'In a cluster of more than 21 nodes each asks the 20 after it by name. Exits with 0 when all is well, with 1 when something is not.',
  ].join('\n'),
  async run({ options, arguments: [what], layout }, terminal) {
    if (what !== 'check') throw new WherryError('BadRequest', `"wherry network ${what}" is unknown; there is "wherry network check"`)
    const patienceMs = Number(options['timeout']) * 1_000
    if (!(patienceMs > 0)) throw new WherryError('BadRequest', `--timeout must be a number of seconds, not "${options['timeout']}"`)
    const connection = connectAsAdmin(layout)
    const isJson = options['json'] === true
    const progress = createProgress(isJson ? { ...terminal, out() {}, interactive: false } : terminal, () => performance.now())
    try {
      const check = () =>
        checkNetwork({
          client: createClient(connection.transport, { fieldManager: 'wherry-network-check' }),
          transport: connection.transport,
          clock: systemClock,
          random: systemRandom,
          image: (options['image'] as string | undefined) ?? welcomeImage,
          clusterDomain: connection.config.clusterDomain,
          mode: connection.config.podNetwork,
          ...(options['node'] !== undefined && { only: options['node'] as string }),
          patienceMs,
        })
      const report = await progress.step(
        'Checking the network',
        check,
        ({ nodes }) => `of ${nodes.length === 1 ? 'one node' : `${nodes.length} nodes`}`,
      )
      terminal.out(isJson ? `${JSON.stringify(report, undefined, 2)}\n` : describeReport(report))
      return report.ok ? exit.done : exit.failed
    } finally {
      connection.close()
    }
  },
}
