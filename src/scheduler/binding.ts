import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isError, WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { AnyPlugin, BindMeans, Cycle, NodeRefusal } from './framework/plugin.ts'
import type { Profile } from './framework/profile.ts'
import type { NodeInfo } from './world/node-info.ts'

/** A pod that was decided, on its way to its node. */
export interface Binding {
  readonly profile: Profile
  readonly cycle: Cycle
  readonly node: NodeInfo
  /** Set once the pod was told, or may have been told, where it goes. */
  isTold?: boolean
  /** While something is waited for before the binding is written: it can be called off without anybody outside having to undo it. */
  isHeld?: boolean
  /** Somebody more important took the room in that time. */
  isCalledOff?: boolean
}

/** What became of taking what the pod needs there; `refusal`: nothing is taken any more. */
export type Taken = { readonly waits: readonly Promise<void>[] } | { readonly refusal: NodeRefusal }

/** Reserves with every plug-in and asks whether the pod may go on. All or nothing. */
export function take({ profile, cycle, node }: Binding, means: Pick<BindMeans, 'clock' | 'signal'>): Taken {
  const { pod, world, states } = cycle
  const refuse = (plugin: AnyPlugin, refusal: Omit<NodeRefusal, 'plugin'>): Taken => {
    giveBack({ profile, cycle, node })
    return { refusal: { ...refusal, plugin: plugin.name } }
  }
  for (const plugin of profile.reserve) {
    const refusal = plugin.reserve!(pod, node, states.get(plugin.name), world)
    if (refusal !== undefined) return refuse(plugin, refusal)
  }
  const waits: Promise<void>[] = []
  for (const plugin of profile.permit) {
    const answer = plugin.permit!(pod, node, states.get(plugin.name), world)
    if (answer === undefined) continue
    if ('reasons' in answer) return refuse(plugin, answer)
    waits.push(allowedInTime(plugin.name, answer, means))
  }
  return { waits }
}

/** Undoes `take`, in the opposite order. */
export function giveBack({ profile, cycle, node }: Binding): void {
  for (const plugin of profile.reserve.toReversed()) plugin.unreserve?.(cycle.pod, node, cycle.states.get(plugin.name), cycle.world)
}

/** Writes what comes before the binding, and the binding itself. Rejects with whatever hindered it. `log` hears of what only is a pity. */
export async function bind(
  binding: Binding,
  waits: readonly Promise<void>[],
  means: BindMeans,
  log: Log,
  bindBy: typeof bindByApi = bindByApi,
): Promise<void> {
  const { profile, cycle, node } = binding
  const tell = (): Promise<void> =>
    tellExpectation(binding, means).catch((error: unknown) =>
      // It is told so that others may plan with it; nothing of the binding rests on it.
      log.info('a pod could not be told where it goes', { pod: cycle.pod.pod.metadata.name, node: node.name, error }),
    )
  let isTold = waits.length > 0
  binding.isHeld = isTold
  if (isTold) await tell()
  await Promise.all(waits)
  for (const plugin of profile.preBind) {
    const work = plugin.preBind!(cycle.pod, node, cycle.states.get(plugin.name), means)
    if (work === undefined) continue
    binding.isHeld = true
    // A binding that takes its time says where it is going, so that nobody makes room elsewhere (KEP-5278).
    if (!isTold) {
      // What takes the promise back may not overtake it, so that it has an end before the plug-in's failure counts.
      const [end] = await Promise.allSettled([work, tell()])
      if (end.status === 'rejected') throw end.reason
    } else await work
    isTold = true
  }
  means.signal.throwIfAborted()
  binding.isHeld = false
  await bindBy(binding, means)
}

/** Lets the plug-ins know that the pod is bound. */
export function tellBound({ profile, cycle, node }: Binding): void {
  for (const plugin of profile.postBind) plugin.postBind!(cycle.pod, node, cycle.states.get(plugin.name), cycle.world)
}

/** DefaultBinder: a Binding, posted. */
export async function bindByApi({ cycle, node }: Binding, { client }: BindMeans): Promise<void> {
  const { name, namespace, uid } = cycle.pod.pod.metadata
  try {
    await client.act(
      Pod,
      name,
      'binding',
      {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name, namespace, uid },
        target: { apiVersion: 'v1', kind: Node.kind, name: node.name },
      },
      { namespace },
    )
  } catch (error) {
    if (!isError(error, 'Timeout', 'ServerTimeout', 'ServiceUnavailable', 'InternalError')) throw error
    // An answer that was lost says nothing of the binding: to free the room of one that was done would give it away twice.
    const pod = await client.get(Pod, name, namespace).catch(() => undefined)
    if (pod?.metadata.uid !== uid || pod.spec.nodeName !== node.name) throw error
  }
}

async function tellExpectation(binding: Binding, { client }: BindMeans): Promise<void> {
  const { cycle, node } = binding
  binding.isTold = true
  const { name, namespace, uid } = cycle.pod.pod.metadata
  if (cycle.pod.pod.status.nominatedNodeName === node.name) return
  await client.patch(
    Pod,
    name,
    { type: 'strategic', body: { metadata: { uid }, status: { nominatedNodeName: node.name } } },
    { namespace, subresource: 'status' },
  )
}

/** A permit's own promise, its time and the end of the pod: whichever is first. */
function allowedInTime(
  plugin: string,
  { waitMs, allowed }: { readonly waitMs: number; readonly allowed: Promise<void> },
  { clock, signal }: Pick<BindMeans, 'clock' | 'signal'>,
): Promise<void> {
  const late = Promise.withResolvers<never>()
  const forget = clock.schedule(clock.now() + waitMs, () =>
    late.reject(new WherryError('Timeout', `pod was not let through by ${plugin} within ${waitMs} ms`)),
  )
  const stop = (): void => late.reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  const permitted = Promise.race([allowed, late.promise]).finally(() => {
    forget()
    signal.removeEventListener('abort', stop)
  })
  // It may be refused while nobody waits for it yet, or when another plug-in has refused the pod and nobody does any more.
  permitted.catch(() => undefined)
  return permitted
}
