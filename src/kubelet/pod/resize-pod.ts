import { isError, WherryError } from '#lib/errors.ts'
import { quantityToInteger } from '#lib/quantity.ts'
import { resourcesOf } from '../resources/allocated-resources.ts'
import { containerResources, effectiveLimits } from '../resources/container-resources.ts'
import { cpuPeriodUs } from '../resources/cpu-share.ts'
import { sandboxResources } from '../sandbox/sandbox-resources.ts'
import type { PodContext } from './pod-context.ts'
import type { PodState } from './pod-state.ts'
import { actualResources, containersToResize } from './resize.ts'

/**
 * Brings a running pod to the resources that it was given: its group grows where it has to, its containers change, its group shrinks. A failure
 * shows as PodResizeInProgress with the reason Error, and is tried again.
 */
export async function resizePod(context: PodContext, state: PodState): Promise<void> {
  const { pod } = state
  const { clock, resizes } = context
  const startedAt = clock.now()
  try {
    await resize(context, state)
    resizes.tried(true, clock.now() - startedAt)
  } catch (error) {
    resizes.tried(false, clock.now() - startedAt)
    if (!isError(error, 'ServiceUnavailable')) resizes.failed(pod, error instanceof Error ? error.message : String(error))
    throw error
  }
}

/** What a former kubelet brought the pod to, once it is known that something of the pod runs. */
export async function adoptResources({ resizes, cgroups, log }: PodContext, state: PodState): Promise<void> {
  if (state.group !== undefined || state.sandboxes.size === 0) return
  const actual = resizes.actual(state.pod.metadata.uid)
  // Never resized, or it would be known: the group is as it was made.
  state.group = actual?.group ?? resourcesOf(state.pod)
  for (const [id, resources] of Object.entries(actual?.containers ?? {})) if (state.containers.has(id)) state.resized.set(id, resources)
  await cgroups.adopt?.(state.pod).catch((error: unknown) => log.warn('a pod that was here has not its share of the processors', { error }))
}

async function resize(context: PodContext, state: PodState): Promise<void> {
  const { cgroups, runtime } = context
  const { pod } = state
  const { resources: node } = context.node()
  const changes = containersToResize({ ...state, containers: [...state.containers.values()] })
  await checkMemory(context, state, changes)
  await tellRuntime(context, state)
  await cgroups.makeRoom?.(pod)
  for (const { container, status } of changes) {
    const grants = await Promise.all(context.resourceManagers.map((manager) => manager.grant(pod, container)))
    const hasExclusiveCpus = grants.some(({ exclusiveCpus }) => exclusiveCpus === true)
    await runtime.updateContainerResources(status.id, containerResources(pod, container, node, hasExclusiveCpus))
    state.resized.set(status.id, container.resources)
  }
  await cgroups.ensurePod(pod)
  state.group = resourcesOf(pod)
  context.resizes.done(pod.metadata.uid, { group: state.group, containers: Object.fromEntries(state.resized) })
}

/** Runtimes that give each pod a machine of its own change that; the others do not care, and an older one does not know the call. */
async function tellRuntime({ runtime, node }: PodContext, { pod, sandboxes }: PodState): Promise<void> {
  const ready = [...sandboxes.values()].find((one) => one.ready)
  if (ready === undefined) return
  try {
    await runtime.updateSandboxResources(ready.id, sandboxResources(pod, cpuPeriodUs(node().resources.config?.cpuCFSQuotaPeriod)))
  } catch (error) {
    if (!isError(error, 'MethodNotAllowed')) throw error
  }
}

/**
 * A limit below what is in use already would have the kernel end processes: it is not set (KEP-1287, "Memory Limit Decreases"). This is a look
 * before the act and no promise, since more may be in use a moment later.
 */
async function checkMemory(context: PodContext, state: PodState, changes: ReturnType<typeof containersToResize>): Promise<void> {
  const { pod } = state
  const lowered = changes.flatMap(({ container, status }) => {
    const wholeBefore = state.group === undefined ? pod.spec.resources : state.group.pod
    const actual = actualResources(state, status) ?? {}
    const before = memoryOf(effectiveLimits({ spec: { ...pod.spec, resources: wholeBefore } }, { resources: actual }))
    const after = memoryOf(effectiveLimits(pod, container))
    return after > 0 && (before === 0 || after < before) ? [{ id: status.id, name: container.name, limit: after }] : []
  })
  const group = await context.cgroups.memory?.(pod)
  const isGroupLowered = group?.wantedBytes !== undefined && (group.limitBytes === undefined || group.wantedBytes < group.limitBytes)
  if (lowered.length === 0 && !isGroupLowered) return

  const problems: string[] = []
  if (isGroupLowered && group.usageBytes !== undefined && group.usageBytes >= group.wantedBytes!)
    problems.push(`attempting to set pod memory limit (${group.wantedBytes}) below current usage (${group.usageBytes})`)
  const stats = lowered.length === 0 ? [] : await context.runtime.containerStats({ podUid: pod.metadata.uid })
  for (const { id, name, limit } of lowered) {
    const usage = stats.find((one) => one.id === id)?.memoryUsageBytes
    if (usage === undefined) problems.push(`missing container "${name}" memory usage`)
    else if (usage >= limit) problems.push(`attempting to set container "${name}" memory limit (${limit}) below current usage (${usage})`)
  }
  if (problems.length === 0) return
  const all = problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`
  throw new WherryError('Conflict', `cannot decrease memory limits: ${all}`)
}

const memoryOf = (limits: Readonly<Record<string, string>>): number => quantityToInteger(limits['memory'] ?? '0')
