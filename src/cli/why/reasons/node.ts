import type { Reason } from '../explanation.ts'
import type { View } from '../view.ts'

/** What is wrong with a pod's node; nothing where nodes could not be read. */
export function nodeReasons(name: string, { nodes, unread }: Pick<View, 'nodes' | 'unread'>, about: string): readonly Reason[] {
  const node = nodes.find(({ metadata }) => metadata.name === name)
  if (node === undefined)
    return unread.some((text) => text.startsWith('nodes'))
      ? []
      : [
          {
            code: 'node',
            about,
            message: `its node ${name} is not part of the cluster any more`,
            advice: 'delete the pod, so that it is made elsewhere',
          },
        ]
  const ready = node.status.conditions?.find(({ type }) => type === 'Ready')
  if (ready?.status === 'True') return []
  const details = ready?.message ? [ready.message] : []
  if (ready === undefined || ready.status === 'Unknown')
    return [
      {
        code: 'node',
        about,
        message: `its node ${name} has not been heard of${sinceOf(ready)}: nobody knows how it is`,
        details,
        advice: `see whether ${name} runs and reaches the API server`,
      },
    ]
  return [
    { code: 'node', about, message: `its node ${name} is not ready${sinceOf(ready)}${ready.reason ? ` (${ready.reason})` : ''}`, details },
  ]
}

const sinceOf = (condition: { readonly lastTransitionTime?: string | null | undefined } | undefined): string =>
  condition?.lastTransitionTime ? ` since ${condition.lastTransitionTime}` : ''
