import type { Probe } from '#api/core/v1/types.ts'
import { isError } from '#lib/errors.ts'
import { expand } from '../container/expand.ts'
import { httpTarget, portNumber } from '../container/hook.ts'
import type { NetworkProbe, ProbeAnswer } from '../interfaces.ts'
import type { AnyContainer } from '../pod/containers.ts'
import type { Runtime } from '../runtime.ts'
import { timeoutMs } from './probe-schedule.ts'

export interface ProbeTarget {
  readonly container: AnyContainer
  readonly containerId: string
  readonly podIP: string
}

/** Asks once. Throws when the question could not be asked (the runtime is gone): such a probe says nothing about the container. */
export async function ask(
  probe: Probe,
  target: ProbeTarget,
  { runtime, network }: { readonly runtime: Pick<Runtime, 'execSync'>; readonly network: NetworkProbe },
): Promise<ProbeAnswer> {
  const limitMs = timeoutMs(probe)
  const { exec, httpGet, tcpSocket, grpc } = probe
  if (exec !== undefined) return askByCommand(runtime, target.containerId, commandOf(exec.command, target.container), limitMs)
  if (httpGet !== undefined) return network.http({ ...httpTarget(httpGet, target), timeoutMs: limitMs })
  if (tcpSocket !== undefined) return network.tcp(tcpSocket.host || target.podIP, portNumber(tcpSocket.port, target.container), limitMs)
  if (grpc !== undefined) return network.grpc(target.podIP, grpc.port, grpc.service ?? '', limitMs)
  return { result: 'failure', output: 'missing probe handler' }
}

/** With the variables that the container's spec gives a value; one that comes from elsewhere is empty, as with the reference. */
function commandOf(words: readonly string[] = [], { env = [] }: ProbeTarget['container']): readonly string[] {
  const values = new Map(env.map(({ name, value = '' }) => [name, value]))
  return words.map((word) => expand(word, (name) => values.get(name)))
}

/** Output of a probe that is kept for its event, as in the reference. */
const OUTPUT_LIMIT_BYTES = 10 * 1024

async function askByCommand(
  runtime: Pick<Runtime, 'execSync'>,
  containerId: string,
  command: readonly string[],
  limitMs: number,
): Promise<ProbeAnswer> {
  try {
    const { exitCode, stdout, stderr } = await runtime.execSync(containerId, command, limitMs)
    const output = Buffer.concat([stdout, stderr]).subarray(0, OUTPUT_LIMIT_BYTES).toString()
    return { result: exitCode === 0 ? 'success' : 'failure', output }
  } catch (error) {
    if (!isError(error, 'Timeout')) throw error
    return { result: 'failure', output: `command timed out: "${command.join(' ')}" timed out after ${limitMs / 1000}s` }
  }
}
