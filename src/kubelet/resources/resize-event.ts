import type { Pod } from '#api/core/v1/pod.ts'

/**
 * The events of a resize, whose message ends in what the pod asks for, as JSON: `Pod resize started: {"containers":[…],"generation":2}`.
 * Tools read it.
 */
export function resizeEvent(
  what: 'Started' | 'Completed' | 'Error' | 'Deferred' | 'Infeasible',
  { spec }: Pod,
  generation = 0,
  error = '',
): { readonly reason: string; readonly message: string } {
  const list = (containers: Pod['spec']['containers'] | undefined) => containers?.map(({ name, resources }) => ({ name, resources }))
  const summary = {
    ...(spec.initContainers?.length && { initContainers: list(spec.initContainers) }),
    containers: list(spec.containers),
    generation,
    ...(error && { error }),
  }
  // Of those that wait, the reason stands in the message as it stands in the condition.
  const word = what === 'Deferred' || what === 'Infeasible' ? what : what.toLowerCase()
  return { reason: `Resize${what}`, message: `Pod resize ${word}: ${JSON.stringify(summary)}` }
}
