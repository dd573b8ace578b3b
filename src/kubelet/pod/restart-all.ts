import type { Pod } from '#api/core/v1/pod.ts'
import type { PodStatus } from '#api/core/v1/types.ts'
import { type AnyContainer, attemptsOf, initContainers, regularContainers, ruleAfter } from './containers.ts'
import type { PodPlan, Steps } from './steps.ts'
import type { PodView } from './view.ts'

/**
 * The restart of a whole pod in its place (KEP-5532): a container ended in a way for which its rules say so, and all of them begin anew in the same
 * sandbox, with the same volumes, from the first init container on.
 */

/** Reason of what such a restart ended. */
export const RESTARTING_ALL = 'RestartingAllContainers'

/** The container that asked for it shows until everything else of the pod is gone: so long as it does, the restart goes on, whoever sees it. */
export const isRestartingAll = (view: Pick<PodView, 'pod' | 'containers'>): boolean => concerned(view.pod).some((one) => asksFor(view, one))

/** As the last status told it: the one that asked may be gone already. */
export const wasRestartingAll = ({ conditions = [] }: PodStatus): boolean =>
  conditions.some(({ type, status }) => type === 'AllContainersRestarting' && status === 'True')

/** Ends what runs, with the least grace and no hooks, and takes everything out of the runtime; the logs stay. Who asked for it goes last. */
export function planRestartAll(view: PodView, steps: Steps): PodPlan {
  const all = concerned(view.pod)
  const others = all.filter((one) => !asksFor(view, one))
  const left = others.flatMap(({ name }) => attemptsOf(view.containers, name))
  // One that is being made shows itself in a moment: nobody may begin anew beside it.
  if (left.length === 0 && others.some(({ name }) => view.underWay.has(`start-container ${name}`))) return steps.plan(false)
  const now = left.length > 0 ? left : all.flatMap(({ name }) => attemptsOf(view.containers, name))
  for (const { id, state, metadata, logPath } of now) {
    if (state !== 'running' && state !== 'unknown') steps.add({ do: 'remove-container', id, logPath, keepsLog: true })
    else if (!view.stopping.has(id)) {
      const stop = { id, container: metadata.name, deadlineAt: view.now, message: 'killing', condemn: false, skipsHook: true }
      steps.add({ do: 'stop-container', ...stop })
    }
  }
  return steps.plan(false)
}

const concerned = (pod: Pod): readonly AnyContainer[] => [...initContainers(pod), ...regularContainers(pod)]

function asksFor({ containers }: Pick<PodView, 'containers'>, container: AnyContainer): boolean {
  const [latest] = attemptsOf(containers, container.name)
  return latest?.state === 'exited' && ruleAfter(container, latest.exitCode)?.action === 'RestartAllContainers'
}
