import type { Answer } from './probe.ts'
import { type CheckKind, checkKinds, type Question } from './wanted-asks.ts'

/** One question and what came of it. */
export interface Checked extends Question {
  /** The node that asked, or whose pod did. */
  readonly from: string
  /** '' when it went well. */
  readonly problem: string
}

/** What is wrong, where, and what to do. */
export interface Finding {
  readonly kind: CheckKind | 'check'
  readonly what: string
  readonly advice: string
}

/** The answers of one pod beside its questions; one that never came is a problem too. `own`: the asker's addresses. */
export function withAnswers(
  from: string,
  questions: readonly Question[],
  answers: readonly Answer[],
  own: readonly string[],
  serviceAddresses: readonly string[],
): Checked[] {
  const byId = new Map(answers.map((answer) => [answer.id, answer]))
  return questions.map((question) => ({ ...question, from, problem: problemOf(question, byId.get(question.id), own, serviceAddresses) }))
}

function problemOf(question: Question, answer: Answer | undefined, own: readonly string[], serviceAddresses: readonly string[]): string {
  if (!answer) return 'it gave no answer'
  if (answer.problem !== '') return answer.problem
  const seen = answer.seen ?? []
  if (question.do === 'tcp' && seen.length === 1 && !own.includes(seen[0]!))
    return `it arrived as ${seen[0]} instead of ${own.join(' or ')}: somebody translates addresses of pods`
  if (question.do === 'dns' && !serviceAddresses.every((address) => seen.includes(address)))
    return `it has the addresses ${seen.join(', ')} instead of ${serviceAddresses.join(', ')}`
  return ''
}

/** Findings, the cause before what follows of it; what a cause explains is not told again. `mode`: how packets get to pods of other nodes. */
export function judge(checked: readonly Checked[], mode: string): readonly Finding[] {
  const bad = checked.filter(({ problem }) => problem !== '')
  const findings: Finding[] = []
  const explained = new Set<string>()
  const pair = ({ from, node }: Checked): string => `${from}→${node}`
  for (const kind of checkKinds) {
    const failed = group(
      bad.filter((one) => one.kind === kind && !(one.node !== '' && explained.has(pair(one)))),
      (one) => `${pair(one)}`,
    )
    for (const [key, problems] of failed) {
      const [{ from, node, to, do: way, problem }] = problems as [Checked]
      const wholly = checked.filter((one) => one.kind === kind && pair(one) === key).length === problems.length
      // Full packets say something only where small ones pass.
      if (kind !== 'full packet') explained.add(key)
      const where = node === '' ? `on node ${from}` : node === from ? `within node ${node}` : `from node ${from} to node ${node}`
      findings.push({
        kind,
        what: `${kind} ${wholly ? 'fails' : 'fails in part'} ${where}: ${words[way]} ${to}: ${problem}`,
        advice: adviceFor(kind, from, node, problem, mode),
      })
    }
  }
  return findings
}

const words: Readonly<Record<Question['do'], string>> = {
  tcp: 'a TCP connection to',
  open: 'a TCP connection to',
  udp: 'a UDP packet to',
  full: 'a packet of the whole MTU to',
  dns: 'the name',
}

function adviceFor(kind: CheckKind, from: string, node: string, problem: string, mode: string): string {
  const log = (name: string): string => `"wherry logs agent" on node ${name}`
  if (problem.includes('translates addresses'))
    return `look for rules that masquerade between nodes: "nft list ruleset" and "iptables-save" on nodes ${from} and ${node}`
  switch (kind) {
    case 'node to node':
      return `nothing of the cluster is between them: is node ${node} on, and does a firewall, or the network between the two, stop TCP port 10250?`
    case 'pod to node':
    case 'node to pod':
      return node === from
        ? `"ip address show wherry0" and "sysctl net.ipv4.ip_forward" on node ${node} say whether it forwards; ${log(node)} says more`
        : throughAdvice(from, node, mode)
    case 'pod to pod':
      return node === from
        ? `pods of one node meet on the bridge wherry0: is there a NetworkPolicy, or a firewall that drops forwarded packets? "nft list ruleset" on node ${node}`
        : throughAdvice(from, node, mode)
    case 'full packet':
      return `packets get lost for their size: something between ${from} and ${node || 'them'} carries less than the nodes' interfaces say; give the interfaces the MTU that the network has ("ip link set dev eth0 mtu …"), and the agents follow`
    case 'pod to service':
      return `pods are reached, Services are not: "nft list table ip wherry" on node ${from} shows the rules, ${log(from)} what went wrong with them`
    case 'DNS':
      return `the name server of node ${from} answers wrongly or not at all: ${log(from)} says why`
  }
}

const throughAdvice = (from: string, node: string, mode: string): string =>
  mode === 'vxlan'
    ? `the nodes reach each other, their pods do not: does a firewall between them stop UDP port 8472 (VXLAN)? Events of both nodes ("wherry kubectl describe node ${from}") name routes in the way`
    : mode === 'host-gateway'
      ? `the nodes reach each other, their pods do not: does the network between them drop packets with addresses of pods? Then set "podNetwork: vxlan"`
      : `the pod network is not Wherry's own (podNetwork: none): the network plug-in that you brought makes the ways from ${from} to ${node}`

function group<T>(list: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const one of list) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one])
  return groups
}
