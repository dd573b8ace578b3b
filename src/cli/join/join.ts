import { readFileSync } from 'node:fs'
import { type Config, defaultConfig, readConfig } from '#host/config.ts'
import { stopDaemon } from '#host/daemon.ts'
import { isJoined } from '#host/join-settings.ts'
import { paths } from '#host/layout.ts'
import { WherryError } from '#lib/errors.ts'
import { alone } from '../alone.ts'
import type { Command, Given, Terminal } from '../command.ts'
import { createProgress, seconds } from '../progress.ts'
import { requireRoot } from '../require-root.ts'
import { preflight } from '../up/preflight.ts'
import { settle } from '../up/settle.ts'
import { joinNode } from './join-node.ts'
import { addressTowards } from './own-address.ts'
import { ensurePackages, startJoinedNode } from './start-joined-node.ts'

/** A machine that just installed its packages may be slow, and the cluster's leader may be changing. */
const patienceMs = 180_000

export const join: Command = {
  name: 'join',
  summary: 'Make this machine a node of a cluster elsewhere',
  usage: 'https://SERVER:6443 --token TOKEN --ca-cert-hash sha256:HASH [options]',
  options: {
    token: { type: 'string', value: 'TOKEN', help: 'as "wherry token create" printed it' },
    'token-file': {
      type: 'string',
      value: 'FILE',
      help: 'read it from a file instead, where no list of processes shows it; -: standard input',
    },
    'ca-cert-hash': {
      type: 'string',
      multiple: true,
      value: 'sha256:HASH',
      help: 'of the cluster’s authority; may be given several times',
    },
    'node-name': { type: 'string', value: 'NAME', help: "the node's name (default: the host name)" },
    'node-address': {
      type: 'string',
      value: 'ADDRESS',
      help: "the machine's own address, by which the others reach it (default: the one that leads to the server)",
    },
    'kubelet-port': { type: 'string', value: 'PORT', help: 'port of the node agent (default 10250)' },
  },
  arguments: [1, 10],
  about:
    '"wherry token create --print-join-command" on a machine of the server prints the whole command. The hash pins the cluster’s authority: the token is ' +
    'sent to nobody else. The machine needs what "wherry up" needs, and gets it installed. Further URLs are servers of the same cluster to ' +
    'go on with when one is away. A machine that has joined may join again, with another address, say; "wherry up" and "down" start and stop its node, "reset" removes it.',
  async run(given, terminal) {
    requireRoot()
    return alone(given.layout, () => joinMachine(given, terminal))
  },
}

async function joinMachine(given: Given, terminal: Terminal): Promise<number> {
  const startedAt = performance.now()
  const progress = createProgress(terminal, () => performance.now())
  const { layout, options, arguments: words } = given
  const servers = words.map(readServer)
  const caCertHashes = (options['ca-cert-hash'] as readonly string[] | undefined) ?? []
  const token = readToken(options)
  const where = paths(layout)
  const wanted = settle({ ...(await basisOf(readConfig(where.config), servers[0]!, options)), server: servers.join(',') }, options)
  await progress.step('Looking at this machine', () => preflight(layout, wanted))
  const { config, wasJoined } = await progress.step(
    `Meeting ${servers[0]}`,
    () =>
      joinNode({
        layout,
        servers,
        token,
        caCertHashes,
        nodeName: wanted.nodeName,
        nodeAddress: wanted.nodeAddress,
        settings: { kubeletPort: wanted.kubeletPort },
      }),
    ({ wasJoined: was }) => (was ? 'joined already' : 'it is the cluster that the hash names'),
  )
  await ensurePackages(progress)
  // One that runs has the settings of before, or waits by a token of before.
  if (await stopDaemon(where.agentPid)) terminal.out('  The agent is started anew; containers go on running.\n')
  await startJoinedNode({ layout, config, progress, patienceMs })
  terminal.out(farewell(config, wasJoined, performance.now() - startedAt))
  return 0
}

function readServer(text: string): string {
  const url = URL.parse(/^[a-z]+:\/\//.test(text) ? text : `https://${text}`)
  if (url?.protocol !== 'https:' || `${url.origin}/` !== url.href)
    throw new WherryError('BadRequest', `"${text}" is no server; give its URL, such as https://192.0.2.1:6443`)
  return url.origin
}

function readToken(options: Given['options']): string {
  const [word, file] = [options['token'] as string | undefined, options['token-file'] as string | undefined]
  if ((word === undefined) === (file === undefined))
    throw new WherryError('BadRequest', 'give the token by --token TOKEN or by --token-file FILE; "wherry token create" makes one')
  if (file === undefined) return word!
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8').trim()
  } catch (cause) {
    throw new WherryError('BadRequest', `--token-file: ${(cause as Error).message}`, { cause })
  }
}

/** What the machine was joined as, or what it would be. A machine with a server of its own is refused by `joinNode`, with words. */
async function basisOf(present: Config | undefined, server: string, options: Given['options']): Promise<Config> {
  if (present !== undefined && isJoined(present)) return present
  const defaults = defaultConfig()
  return options['node-address'] === undefined ? { ...defaults, nodeAddress: await addressTowards(new URL(server)) } : defaults
}

function farewell({ nodeName, server }: Config, wasJoined: boolean, ms: number): string {
  return [
    '',
    `This machine is node ${nodeName} of the cluster at ${server} (${seconds(ms)}).`,
    '',
    'What next, where the administrator is:',
    '  kubectl get nodes -o wide',
    ...(wasJoined ? [] : [`  kubectl label node ${nodeName} topology.kubernetes.io/zone=ZONE      (where pods should be spread)`]),
    'Here:',
    '  wherry status | logs agent | down | up | reset',
    '',
  ].join('\n')
}
