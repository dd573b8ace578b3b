import { createClient } from '#client/http.ts'
import { systemClock } from '#host/clock.ts'
import { welcomeImage } from '#host/images/welcome.ts'
import type { Layout } from '#host/layout.ts'
import { systemRandom } from '#host/random.ts'
import { WherryError } from '#lib/errors.ts'
import { type Command, exit, type Given, type Terminal } from '../command.ts'
import { connectAsAdmin } from '../connect.ts'
import { connectTo } from '../connect-to.ts'
import { createProgress } from '../progress.ts'
import { stoppable } from '../stoppable.ts'
import { bringImage } from './bring-image.ts'
import { checkNetwork } from './check.ts'
import { describeReport } from './describe-report.ts'
import { answerPolicy } from './policy.ts'

export const network: Command = {
  name: 'network',
  summary: 'Check the network between nodes, pods, Services and names; tell what network policies let through',
  usage: 'check [--node NAME] [--json] | policy pod/NAME [--from END | --to END] [--port PORT]',
  options: {
    node: { type: 'string', value: 'NAME', help: 'only what this node asks, or is asked about' },
    json: { type: 'boolean', help: 'as JSON: ok, nodes, checks, findings' },
    image: { type: 'string', value: 'NAME', help: `what the pods run: any image with /usr/bin/node (default ${welcomeImage})` },
    timeout: { type: 'string', default: '60', value: 'SECONDS', help: 'how long pods may take to start, and to ask (default 60)' },
    namespace: {
      type: 'string',
      short: 'n',
      value: 'NAME',
      help: "policy: of pods named without one (default: default, or the kubeconfig's)",
    },
    from: { type: 'string', value: 'END', help: 'policy: who asks the pod: pod/NAME, pod/NAMESPACE/NAME or an address' },
    to: { type: 'string', value: 'END', help: 'policy: whom the pod asks, named likewise' },
    port: { type: 'string', value: 'PORT', help: 'policy: of whoever is asked: a number, or the name of a container port' },
    protocol: { type: 'string', default: 'TCP', value: 'NAME', help: 'policy: TCP, UDP or SCTP (default TCP)' },
    kubeconfig: {
      type: 'string',
      value: 'FILE',
      help: "policy: of another cluster, or another user (default: this machine's administrator)",
    },
  },
  arguments: [1, 2],
  about: [
    'Starts two short-lived pods on every node and lets pods and nodes reach each other: node to node, pod to pod, packets of the whole MTU, Services and',
    'names. Says what is wrong where, and what to do; what follows from a cause is not told beside it. Everything is removed at the end, also when it is',
    'stopped; the image stays, which nodes of this machine are given where they lack it.',
    '',
    '"wherry network policy" says which NetworkPolicies isolate a pod, and with the other end and a port, which rule lets the connection through or that',
    'none does. It reads the API’s objects only. Exits with 0 when it is allowed, with 1 when it is refused.',
    '',
    'In a cluster of more than 21 nodes each asks the 20 after it by name. Exits with 0 when all is well, with 1 when something is not.',
  ].join('\n'),
  async run({ options, arguments: [what, target], layout }, terminal) {
    if (what === 'policy') return tellPolicy(options, target, layout, terminal)
    if (what !== 'check' || target !== undefined)
      throw new WherryError(
        'BadRequest',
        `"wherry network ${[what, target].join(' ').trim()}" is unknown; there are "check" and "policy pod/NAME"`,
      )
    const patienceMs = Number(options['timeout']) * 1_000
    if (!(patienceMs > 0)) throw new WherryError('BadRequest', `--timeout must be a number of seconds, not "${options['timeout']}"`)
    const connection = connectAsAdmin(layout)
    const isJson = options['json'] === true
    const progress = createProgress(isJson ? { ...terminal, out() {}, interactive: false } : terminal, () => performance.now())
    try {
      const check = (signal: AbortSignal) =>
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
          signal,
        })
      const report = await progress.step(
        'Checking the network',
        async () => {
          if (options['image'] === undefined) await bringImage(layout)
          return stoppable(terminal, check)
        },
        ({ nodes }) => `of ${nodes.length === 1 ? 'one node' : `${nodes.length} nodes`}`,
      )
      terminal.out(isJson ? `${JSON.stringify(report, undefined, 2)}\n` : describeReport(report))
      return report.ok ? exit.done : exit.failed
    } finally {
      connection.close()
    }
  },
}

async function tellPolicy(options: Given['options'], target: string | undefined, layout: Layout, terminal: Terminal): Promise<number> {
  if (target === undefined) throw new WherryError('BadRequest', 'which pod? wherry network policy pod/NAME')
  const text = (name: string) => options[name] as string | undefined
  const connection = connectTo(layout, text('kubeconfig'))
  try {
    const { isAllowed, text: answer } = await answerPolicy(createClient(connection.transport), {
      target,
      namespace: text('namespace') ?? connection.namespace,
      from: text('from'),
      to: text('to'),
      port: text('port'),
      protocol: text('protocol') ?? 'TCP',
    })
    terminal.out(answer)
    return isAllowed ? exit.done : exit.failed
  } finally {
    connection.close()
  }
}
