import { setTimeout as delay } from 'node:timers/promises'
import { Node } from '#api/core/v1/node.ts'
import { type Daemon, isRunning } from '#host/daemon.ts'
import { WherryError } from '#lib/errors.ts'
import { readBody } from '#lib/http.ts'
import type { Connection } from '../connect.ts'

/** Asks until the API server says that it is ready. A process that ended meanwhile is an error at once. */
export async function waitForServer({ transport }: Connection, daemon: Daemon, logFile: string, withinMs: number): Promise<void> {
  let problem = 'no answer'
  for (const until = Date.now() + withinMs; Date.now() < until; await delay(25)) {
    if (!isRunning(daemon))
      throw new WherryError('ServiceUnavailable', `the server ended at its start; "wherry logs server" shows why (${logFile})`)
    try {
      const { status, body } = await transport({ method: 'GET', path: '/readyz', headers: {}, signal: AbortSignal.timeout(1_000) })
      if (status === 200) return
      problem = Buffer.from(await readBody(body, 65_536)).toString()
    } catch (error) {
      problem = (error as Error).message
    }
  }
  throw new WherryError('Timeout', `the API server was not ready within ${withinMs / 1000} s: ${problem}; see ${logFile}`)
}

/** A node whose agent was started, or runs already. */
export interface AwaitedNode {
  readonly name: string
  /** Milliseconds since the epoch: what an agent said before it was killed is no news. */
  readonly since: number
  readonly agent: Daemon
  /** Words after `wherry logs` that show what the agent says. */
  readonly logs: string
  readonly logFile: string
}

/**
 * Watches the node until its condition Ready is True and was said so at or after `since`. An agent that ended meanwhile is an error at once.
 */
export async function waitForNode({ client }: Pick<Connection, 'client'>, awaited: AwaitedNode, withinMs: number): Promise<void> {
  const { name, since, agent, logs, logFile } = awaited
  const signal = AbortSignal.timeout(withinMs)
  let said = 'it has not registered'
  while (!signal.aborted) {
    if (!isRunning(agent))
      throw new WherryError('ServiceUnavailable', `the agent of ${name} ended at its start; "wherry logs ${logs}" shows why (${logFile})`)
    try {
      for await (const event of client.watch(Node, {
        fieldSelector: `metadata.name=${name}`,
        sendInitialEvents: true,
        timeoutSeconds: 5,
        signal,
      })) {
        if (event.type === 'BOOKMARK' || event.type === 'DELETED') continue
        const ready = event.object.status.conditions?.find(({ type }) => type === 'Ready')
        // Heartbeats have whole seconds.
        if (ready?.status === 'True' && Date.parse(ready.lastHeartbeatTime ?? '') >= Math.floor(since / 1000) * 1000) return
        said = ready?.message ?? said
      }
    } catch (error) {
      if (!signal.aborted) said = (error as Error).message
    }
    await delay(50)
  }
  throw new WherryError('Timeout', `node ${name} was not ready within ${withinMs / 1000} s: ${said}; see ${logFile}`)
}
