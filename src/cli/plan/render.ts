import { inPlainWords } from '../why/reasons/scheduling.ts'
import type { PlannedWorkload, PlanReport, Preempted, Unplaced } from './report.ts'

/** The plan in words, a paragraph a workload. */
export function render({ ok, workloads, overruns, problems, notes }: PlanReport): string {
  const quotas = overruns.map(
    ({ namespace, quota, resource, asked, used, allowed }) =>
      `quota ${quota} in ${namespace}: ${resource} ${asked} more than the ${used} in use, and ${allowed} are allowed: not all of these pods would be made`,
  )
  const lines = [
    ...workloads.flatMap(workloadLines),
    ...quotas,
    ...problems.map(({ where, problem }) => `${where}: ${problem}`),
    ...notes.map((note) => `note: ${note}`),
    '',
    ok ? 'Every pod finds a node. Nothing was changed.' : 'Not everything finds its place. Nothing was changed.',
  ]
  return `${lines.join('\n')}\n`
}

function workloadLines({ kind, namespace, name, pods, present, placed, preempted, unplaced, notes }: PlannedWorkload): readonly string[] {
  const title = `${kind.toLowerCase()} ${namespace}/${name}`
  const there = present === 0 ? '' : `${present} there${pods === 0 ? '' : ', '}`
  const landing = placed.map(({ node, pods: count }) => (placed.length === 1 && count === pods ? node : `${node} (${count})`)).join(', ')
  const more = pods === 0 ? (present === 0 ? 'no pods' : '') : landing === '' ? countOf(pods) : `${countOf(pods)} → ${landing}`
  return [
    `${title}: ${there}${more}`,
    ...unplaced.flatMap((one) => unplacedLines(one, pods)),
    ...preempted.map(preemptedLine),
    ...notes.map((note) => `  ${note}`),
  ]
}

const countOf = (pods: number): string => `${pods} ${pods === 1 ? 'pod' : 'pods'}`

function unplacedLines({ pods, reason, message, shortages, nodes }: Unplaced, all: number): readonly string[] {
  const who = all === pods ? (pods === 1 ? 'it finds' : `all ${pods} find`) : `${pods} of ${all} pods ${pods === 1 ? 'finds' : 'find'}`
  const { summary, details } = reason === 'refused' ? inPlainWords(message) : { summary: message, details: [] }
  return [
    `  ${who} no ${reason === 'refused' ? 'room' : 'place'}: ${summary}`,
    // Where each node speaks for itself, nobody need count them.
    ...(nodes.length === 0 || nodes.length > nodesMax ? details.map((detail) => `    ${detail}`) : []),
    ...shortages
      .filter(({ resource }) => resource !== 'pods')
      .map(
        ({ resource, asked, node, free, total }) =>
          `    each needs ${resource} ${asked}; the freest node is ${node} with ${free} of ${total}`,
      ),
    ...nodes.slice(0, nodesMax).map(({ node, plugin, message: said }) => `    ${node}: ${plugin === '' ? '' : `${plugin}: `}${said}`),
    ...(nodes.length > nodesMax ? [`    and ${nodes.length - nodesMax} more nodes (-o json has all)`] : []),
  ]
}

/** Nobody reads more. */
const nodesMax = 10

function preemptedLine({ namespace, name, node, priority, owner, brokenBudgets }: Preempted): string {
  const whose = owner === '' ? '' : ` of ${owner}`
  const broken = brokenBudgets.length === 0 ? '' : `, against ${brokenBudgets.map((budget) => `the budget ${budget}`).join(' and ')}`
  return `  sends pod ${namespace}/${name}${whose} away from ${node} (priority ${priority})${broken}`
}
