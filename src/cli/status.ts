import { Node } from '#api/core/v1/node.ts'
import { type Config, readConfig } from '#host/config.ts'
import { findDaemon } from '#host/daemon.ts'
import { isJoined } from '#host/join-settings.ts'
import { paths } from '#host/layout.ts'
import { wherryVersion } from '#lib/version.ts'
import { type Command, exit } from './command.ts'
import { connectAsAdmin } from './connect.ts'
import { connectAsNode } from './join/connect-as-node.ts'
import { type ListedNode, listedNodes } from './node/listed-nodes.ts'

interface Status {
  readonly version: string
  readonly apiAddress: string
  readonly server: { readonly running: boolean; readonly pid?: number }
  /** This machine joined a cluster, and has no server to run. */
  readonly isElsewhere?: boolean
  readonly agent: { readonly running: boolean; readonly pid?: number }
  readonly nodes: readonly ListedNode[]
  /** Why the nodes could not be asked for. */
  readonly problem?: string
}

export const status: Command = {
  name: 'status',
  summary: 'Tell what runs, and whether it is well',
  usage: '[--json]',
  options: { json: { type: 'boolean', help: 'as JSON: version, apiAddress, server, agent, nodes' } },
  about:
    'Exits with 0 when the API server answers and every node is ready, with 1 otherwise. A machine that joined a cluster knows its own node only.',
  async run({ options, layout }, terminal) {
    const found = await look(layout)
    terminal.out(options['json'] ? `${JSON.stringify(found)}\n` : describe(found))
    return found.problem === undefined && found.nodes.length > 0 && found.nodes.every(({ ready }) => ready) ? exit.done : exit.failed
  },
}

const process = (file: string): Status['agent'] => {
  const daemon = findDaemon(file)
  return daemon ? { running: true, pid: daemon.pid } : { running: false }
}

async function look(layout: Parameters<typeof paths>[0]): Promise<Status> {
  const { serverPid, agentPid, config: file } = paths(layout)
  const config = readConfig(file)
  if (config && isJoined(config)) return lookAtJoined(layout, config)
  const connection = connectAsAdmin(layout)
  const known = { version: wherryVersion, apiAddress: connection.server, server: process(serverPid), agent: process(agentPid) }
  try {
    const nodes = listedNodes(layout, connection.config, (await connection.client.list(Node)).items)
    return { ...known, nodes }
  } catch (error) {
    return { ...known, nodes: [], problem: `the API server does not answer: ${(error as Error).message}` }
  } finally {
    connection.close()
  }
}

/** Of a machine that joined a cluster elsewhere, which may ask for its own Node only. */
async function lookAtJoined(layout: Parameters<typeof paths>[0], config: Config): Promise<Status> {
  const agent = process(paths(layout).agentPid)
  const known = { version: wherryVersion, apiAddress: config.server!, server: { running: false }, isElsewhere: true, agent }
  try {
    const { client, close } = connectAsNode(layout, config)
    try {
      const { items } = await client.list(Node, { fieldSelector: `metadata.name=${config.nodeName}` })
      return { ...known, nodes: listedNodes(layout, config, items) }
    } finally {
      await close()
    }
  } catch (error) {
    return { ...known, nodes: [], problem: `the API server does not answer: ${(error as Error).message}` }
  }
}

/** That of this machine's own node has a line of its own. */
const agentOf = ({ place, agent }: ListedNode): string => (place === 'namespaces' && !agent?.running ? 'its agent does not run' : '')

function describe({ version, apiAddress, server, isElsewhere, agent, nodes, problem }: Status): string {
  const runs = ({ running, pid }: Status['server']): string => (running ? `runs (process ${pid})` : 'does not run')
  return [
    `Wherry ${version}`,
    `API     ${apiAddress}`,
    ...(isElsewhere ? [] : [`server  ${runs(server)}`]),
    `agent   ${runs(agent)}`,
    ...nodes.map((node) =>
      ['node  ', node.name, node.address, node.ready ? 'ready' : 'not ready', agentOf(node), node.containerdSocket ?? 'on another machine']
        .filter((word) => word !== '')
        .join('  '),
    ),
    ...(problem ? [problem] : []),
    '',
  ].join('\n')
}
