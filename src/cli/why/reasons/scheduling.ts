import type { Pod } from '#api/core/v1/pod.ts'
import { podCondition } from '#api/core/v1/pod-helpers.ts'
import type { Reason } from '../explanation.ts'
import type { NodeAnswers } from '../node-answers.ts'
import { count } from '../words.ts'

/** Why a pod has no node: gates, a scheduler that nobody runs, or what each node has against it, with numbers where they were worked out. */
export function schedulingReasons(pod: Pod, about: string, answers?: NodeAnswers): readonly Reason[] {
  const gates = pod.spec.schedulingGates ?? []
  if (gates.length > 0)
    return [
      {
        code: 'gated',
        about,
        message: `it may not be scheduled yet: ${gates.length === 1 ? 'the gate' : 'the gates'} ${gates.map(({ name }) => name).join(', ')} ${gates.length === 1 ? 'is' : 'are'} still closed`,
        advice: 'whoever put them into spec.schedulingGates has to take them out',
      },
    ]
  const condition = podCondition(pod, 'PodScheduled')
  if (condition?.status === 'False') {
    const { summary, details } = inPlainWords(condition.message ?? '', requestsOf(pod))
    const nodes = answers?.refusals ?? []
    const free = answers?.scores.map(({ node }) => node) ?? []
    const changed =
      free.length === 0
        ? []
        : [`meanwhile it could run on ${free.slice(0, 3).join(', ')}${free.length > 3 ? ' …' : ''}: the scheduler tries again soon`]
    return [{ code: 'unscheduled', about, message: summary, details: [...details, ...changed], ...(nodes.length > 0 && { nodes }) }]
  }
  const scheduler = pod.spec.schedulerName ?? 'default-scheduler'
  return [
    {
      code: 'no-scheduler',
      about,
      message: `the scheduler "${scheduler}" has not looked at it yet`,
      ...(scheduler !== 'default-scheduler' && {
        advice: `see whether a scheduler named "${scheduler}" runs; spec.schedulerName asks for it`,
      }),
    },
  ]
}

/**
 * `0/5 nodes are available: 2 Insufficient cpu, …. preemption: …` as sentences, a line a sort of refusal (kube-scheduler framework, FitError). What
 * has another form is left as it is.
 */
export function inPlainWords(
  message: string,
  requests: Readonly<Record<string, string>> = {},
): { readonly summary: string; readonly details: readonly string[] } {
  const [, total, list, rest = ''] = /^0\/(\d+) nodes are available: (.*?)\.(?: (.*))?$/s.exec(message) ?? []
  if (total === undefined) return { summary: `no node takes it: ${message || 'the scheduler does not say why'}`, details: [] }
  const refusals = list!.split(/, (?=\d+ )/).map((one) => {
    const [, number, reason] = /^(\d+) (.*)$/s.exec(one) ?? []
    return number === undefined ? one : refusalOf(Number(number), reason!, requests)
  })
  const preemption = /preemption: (?:not eligible due to (.*)|0\/\d+ nodes are available: (.*?))\.?$/s.exec(rest)
  return {
    summary: Number(total) === 1 ? 'the only node does not take it' : `none of the ${total} nodes takes it`,
    details: [
      ...refusals,
      ...(preemption?.[1] ? [`no pod of lower priority may make room: ${preemption[1].replace(/\.$/, '')}`] : []),
      ...(preemption?.[2]?.includes('No preemption victims found') ? ['no pod of lower priority could make room'] : []),
    ],
  }
}

function refusalOf(number: number, reason: string, requests: Readonly<Record<string, string>>): string {
  const nodes = count(number, 'node')
  const verb = (one: string, many: string) => (number === 1 ? one : many)
  const short = /^Insufficient (.+)$/.exec(reason)?.[1]
  if (short !== undefined) {
    const asked = requests[short]
    return `${nodes} ${verb('has', 'have')} too little ${short} left${asked ? ` (it asks for ${asked})` : ''}`
  }
  const taint = /^node\(s\) had untolerated taint(?:\(s\))? ?(?:\{(.*)\})?$/.exec(reason)
  if (taint !== null) {
    const shown = taint[1]?.replace(/: $/, '').replace(': ', '=')
    return `${nodes} ${verb('has', 'have')} a taint${shown ? ` ${shown}` : ''} that it does not tolerate`
  }
  const known = sentences.find(([pattern]) => pattern.test(reason))
  return known === undefined ? `${nodes}: ${reason}` : `${nodes} ${verb(known[1], known[2])}`
}

/** What the plug-ins of kube-scheduler say, and what it means: of one node, of several. */
const sentences: readonly (readonly [pattern: RegExp, one: string, many: string])[] = [
  [/^Too many pods$/, 'holds as many pods as it may', 'hold as many pods as they may'],
  [/^node\(s\) were unschedulable$/, 'is cordoned (spec.unschedulable)', 'are cordoned (spec.unschedulable)'],
  [
    /^node\(s\) didn't match Pod's node affinity/,
    'does not fit its nodeSelector or node affinity',
    'do not fit its nodeSelector or node affinity',
  ],
  [
    /^node\(s\) didn't match the requested node name$/,
    'is not the one that spec.nodeName asks for',
    'are not the one that spec.nodeName asks for',
  ],
  [
    /^node\(s\) didn't have free ports/,
    'has another pod on a host port that it asks for',
    'have other pods on a host port that it asks for',
  ],
  [/^node\(s\) didn't match pod affinity rules$/, 'has no pod near which it has to be', 'have no pod near which it has to be'],
  [/^node\(s\) didn't match pod anti-affinity rules$/, 'has a pod that it must not be near', 'have pods that it must not be near'],
  [
    /^node\(s\) didn't satisfy existing pods anti-affinity rules$/,
    'has a pod that will not have it near',
    'have pods that will not have it near',
  ],
  [
    /^node\(s\) didn't match pod topology spread constraints \(missing/,
    'lacks the label that it is to be spread by',
    'lack the label that it is to be spread by',
  ],
  [
    /^node\(s\) didn't match pod topology spread constraints/,
    'would hold too many of its like (topology spread)',
    'would hold too many of its like (topology spread)',
  ],
  [/volume node affinity conflict$/, 'cannot reach the volume of its claim', 'cannot reach the volume of its claim'],
  [/didn't find available persistent volumes to bind$/, 'has no free volume for its claim', 'have no free volume for its claim'],
  [/^node\(s\) exceed max volume count$/, 'has as many volumes attached as it may', 'have as many volumes attached as they may'],
  [/^node\(s\) had no available volume zone$/, 'is in another zone than its volume', 'are in other zones than its volume'],
  [/^cannot allocate all claims$/, 'has not the devices that its claims ask for', 'have not the devices that its claims ask for'],
]

/** What the scheduler counts: the sum of the containers, but an init container's where that is more. Shown only where one container asks. */
function requestsOf({ spec }: Pod): Readonly<Record<string, string>> {
  const asking = new Map<string, string[]>()
  for (const { resources } of [...(spec.initContainers ?? []), ...spec.containers])
    for (const [name, quantity] of Object.entries(resources?.requests ?? {})) asking.set(name, [...(asking.get(name) ?? []), quantity])
  return Object.fromEntries([...asking].filter(([, quantities]) => quantities.length === 1).map(([name, [quantity]]) => [name, quantity!]))
}
