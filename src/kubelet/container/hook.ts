import type { Pod } from '#api/core/v1/pod.ts'
import type { HTTPGetAction, LifecycleHandler } from '#api/core/v1/types.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { NetworkProbe, ProbeAnswer } from '../interfaces.ts'
import type { WorkObserver } from '../metrics/work-metrics.ts'
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
  /** Told of a hook that asks for HTTPS and finds HTTP. */
  readonly onFallback?: (host: string) => void
  /** Told of a hook that was to sleep for longer. */
  readonly onCutShort?: () => void
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
    const { url, headers } = httpTarget(httpGet, context)
    const isNamed = headers.some(({ name }) => name.toLowerCase() === 'user-agent')
    const target = { url, headers: isNamed ? headers : [...headers, { name: 'User-Agent', value: 'kube-lifecycle/1.36' }] }
    let answer = await context.network.http({ ...target, timeoutMs: HTTP_TIMEOUT_MS })
    // Clusters of old have hooks that name HTTPS and were always asked by HTTP. Who is asked so gets no credentials.
    if (isUnreached(answer) && target.url.startsWith('https:') && SPEAKS_NO_TLS.test(answer.output)) {
      const headers = target.headers.filter(({ name }) => name.toLowerCase() !== 'authorization')
      const plain = await context.network.http({ url: target.url.replace(/^https/, 'http'), headers, timeoutMs: HTTP_TIMEOUT_MS })
      if (!isUnreached(plain)) {
        context.onFallback?.(new URL(target.url).host)
        answer = plain
      }
    }
    // What the answer says is of no interest: the hook was heard.
    if (isUnreached(answer)) throw new WherryError('InternalError', answer.output)
  } else if (pause !== undefined)
    await sleep(context.clock, pause.seconds * 1000, signal).catch((error: unknown) => {
      context.onCutShort?.()
      throw error
    })
  // A tcpSocket handler is accepted by the API and does nothing, in the reference as well.
  else if (tcpSocket === undefined) throw new WherryError('Invalid', 'invalid handler: no action is set')
}

const isUnreached = ({ result, statusCode }: ProbeAnswer): boolean => result === 'failure' && statusCode === undefined
/** How OpenSSL says that an answer is none of its own. */
const SPEAKS_NO_TLS = /wrong version number|packet length too long|http request|EPROTO/i
const OUTPUT_LIMIT_BYTES = 10 * 1024
const HTTP_TIMEOUT_MS = 60_000

/** What is told of a hook, in events and metrics. */
export const hookTold = (
  tell: (type: 'Warning', reason: string, message: string) => void,
  work: WorkObserver | undefined,
): Required<Pick<HookContext, 'onFallback' | 'onCutShort'>> => ({
  onFallback(host) {
    tell('Warning', 'LifecycleHTTPFallback', hookFallback(host))
    work?.hookFellBack()
  },
  onCutShort: () => work?.sleepCutShort(),
})

const hookFallback = (host: string): string => `request to HTTPS lifecycle hook ${host} got HTTP response, retry with HTTP succeeded`

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
