import { Node } from '#api/core/v1/node.ts'
import { containerdSocket } from '#host/containerd.ts'
import { findDaemon } from '#host/daemon.ts'
import { paths } from '#host/layout.ts'
import { wherryVersion } from '#lib/version.ts'
import { type Command, exit } from './command.ts'
import { connectAsAdmin } from './connect.ts'

interface Status {
  readonly version: string
  readonly apiAddress: string
  readonly server: { readonly running: boolean; readonly pid?: number }
  readonly agent: { readonly running: boolean; readonly pid?: number }
  readonly nodes: readonly NodeStatus[]
  /** Why the nodes could not be asked for. */
  readonly problem?: string
}

interface NodeStatus {
  readonly name: string
  readonly address: string
  readonly containerdSocket: string
  readonly ready: boolean
}

export const status: Command = {
  name: 'status',
  summary: 'Tell what runs, and whether it is well',
  usage: '[--json]',
  options: { json: { type: 'boolean', help: 'as JSON: version, apiAddress, server, agent, nodes' } },
  about: 'Exits with 0 when the API server answers and every node is ready, with 1 otherwise.',
  async run({ options, layout }, terminal) {
    const found = await look(layout)
    terminal.out(options['json'] ? `${JSON.stringify(found)}\n` : describe(found))
    return found.problem === undefined && found.nodes.length > 0 && found.nodes.every(({ ready }) => ready) ? exit.done : exit.failed
  },
}

async function look(layout: Parameters<typeof paths>[0]): Promise<Status> {
  const { serverPid, agentPid, containerdState } = paths(layout)
  const connection = connectAsAdmin(layout)
  const process = (file: string) => {
    const daemon = findDaemon(file)
    return daemon ? { running: true, pid: daemon.pid } : { running: false }
  }
  const known = { version: wherryVersion, apiAddress: connection.server, server: process(serverPid), agent: process(agentPid) }
  try {
    const { items } = await connection.client.list(Node)
    const nodes = items.map((node) => ({
      name: node.metadata.name,
      address: node.status.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '',
      containerdSocket: containerdSocket({ stateDirectory: containerdState }),
      ready: node.status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false,
    }))
    return { ...known, nodes }
  } catch (error) {
    return { ...known, nodes: [], problem: `the API server does not answer: ${(error as Error).message}` }
  } finally {
    connection.close()
  }
}

function describe({ version, apiAddress, server, agent, nodes, problem }: Status): string {
  const runs = ({ running, pid }: Status['server']): string => (running ? `runs (process ${pid})` : 'does not run')
  return [
    `Wherry ${version}`,
    `API     ${apiAddress}`,
    `server  ${runs(server)}`,
    `agent   ${runs(agent)}`,
    ...nodes.map((node) => `node    ${node.name}  ${node.address}  ${node.ready ? 'ready' : 'not ready'}  ${node.containerdSocket}`),
    ...(problem ? [problem] : []),
    '',
  ].join('\n')
}
