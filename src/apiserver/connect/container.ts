import type { Pod } from '#api/core/v1/pod.ts'
import { allContainers } from '#api/core/v1/pod-helpers.ts'
import { badRequest } from '../http/status.ts'

/** The container that a log, exec or attach means: the named one, or the only one. Error: `BadRequest`, in the reference's words. */
export function chooseContainer(pod: Pod, asked: string): string {
  const { name } = pod.metadata
  const names = [...allContainers(pod.spec)].map(({ container }) => container.name)
  if (asked !== '') {
    if (!names.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${name}`)
    return asked
  }
  const [only, ...others] = pod.spec.containers
  if (only === undefined) throw badRequest(`a container name must be specified for pod ${name}`)
  if (others.length > 0) throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]`)
  return only.name
}
