import type { Pod } from '#api/core/v1/pod.ts'
import type { HTTPGetAction, LifecycleHandler } from '#api/core/v1/types.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { NetworkProbe } from '../interfaces.ts'
import type { AnyContainer } from '../pod/containers.ts'
import type { Runtime } from '../runtime.ts'

export interface HookContext {
  readonly runtime: Pick<Runtime, 'execSync'>
  readonly network: NetworkProbe
  readonly clock: Clock
  readonly pod: Pod
  readonly container: AnyContainer
  readonly containerId: string
  readonly podIP: string
}

/** Runs a postStart or preStop hook to its end. Throws `WherryError` when it fails; nothing but the abort bounds an exec. */
export async function runHook(handler: LifecycleHandler, context: HookContext, signal?: AbortSignal): Promise<void> {
  const { exec, httpGet, tcpSocket, sleep: pause } = handler
  if (exec !== undefined) {
    const { exitCode, stdout, stderr } = await context.runtime.execSync(context.containerId, exec.command ?? [], 0)
    if (exitCode !== 0) {
      const output = Buffer.concat([stdout, stderr]).subarray(0, OUTPUT_LIMIT_BYTES).toString()
      throw new WherryError('InternalError', `command '${(exec.command ?? []).join(' ')}' exited with ${exitCode}: ${output}`)
    }
  } else if (httpGet !== undefined) {
    const answer = await context.network.http({ ...httpTarget(httpGet, context), timeoutMs: HTTP_TIMEOUT_MS })
    if (answer.result === 'failure') throw new WherryError('InternalError', answer.output)
  } else if (pause !== undefined) await sleep(context.clock, pause.seconds * 1000, signal)
  // A tcpSocket handler is accepted by the API and does nothing, in the reference as well.
  else if (tcpSocket === undefined) throw new WherryError('Invalid', 'invalid handler: no action is set')
}

const OUTPUT_LIMIT_BYTES = 10 * 1024
const HTTP_TIMEOUT_MS = 60_000

/** Where an httpGet action goes: the pod's address unless it names a host. */
export function httpTarget(
  action: HTTPGetAction,
  { container, podIP }: Pick<HookContext, 'container' | 'podIP'>,
): { readonly url: string; readonly headers: readonly { readonly name: string; readonly value: string }[] } {
  const host = action.host || podIP
  const scheme = (action.scheme ?? 'HTTP').toLowerCase()
  const path = (action.path ?? '').replace(/^\/*/, '/')
  const authority = host.includes(':') ? `[${host}]` : host
  return { url: `${scheme}://${authority}:${portNumber(action.port, container)}${path}`, headers: action.httpHeaders ?? [] }
}

/** A port by number or by the name of one of the container's. */
export function portNumber(port: number | string, container: AnyContainer): number {
  const number = typeof port === 'number' ? port : (container.ports?.find(({ name }) => name === port)?.containerPort ?? Number(port))
  if (!Number.isInteger(number) || number < 1 || number > 65_535) throw new WherryError('Invalid', `couldn't find port: ${port}`)
  return number
}
