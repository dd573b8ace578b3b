import assert from 'node:assert/strict'
import { canonicalRange } from '../addresses.ts'
import type { Device, Forwarding, Neighbour, NetworkCommands, PresentNetwork, Route, Rule } from '../network-state.ts'

/** What the kernel would have after these lines: only as much of ip(8) and bridge(8) as the lines use, and as strict as they are. */
export function carryOut(commands: NetworkCommands, before: PresentNetwork): PresentNetwork {
  const state = {
    devices: [...before.devices],
    routes: [...before.routes],
    rules: [...before.rules],
    neighbours: [...before.neighbours],
    forwarding: [...before.forwarding],
  }
  for (const { program, lines } of commands) for (const line of lines) one(program, line)
  return state

  function one(program: string, line: string): void {
    const words = line.split(' ')
    const after = (word: string): string | undefined => (words.includes(word) ? words[words.indexOf(word) + 1] : undefined)
    const device = after('dev') ?? ''
    const [what, verb, first = ''] = words as [string, string, string?]
    switch (`${program.split(' ')[0]} ${what} ${verb}`) {
      case 'ip link add':
        assert.ok(!state.devices.some(({ name }) => name === after('name')), line)
        state.devices.push({
          name: after('name')!,
          isUp: false,
          mtu: Number(after('mtu') ?? 1500),
          mac: after('address') ?? '',
          addresses: [],
          ...(after('type') === 'vxlan' && {
            vxlan: {
              id: Number(after('id')),
              port: Number(after('dstport')),
              local: after('local')!,
              isLearning: !words.includes('nolearning'),
            },
          }),
        })
        return
      case 'ip link delete':
        exists(device, line)
        state.devices = state.devices.filter(({ name }) => name !== device)
        state.routes = state.routes.filter((route) => route.device !== device)
        state.neighbours = []
        state.forwarding = []
        return
      case 'ip link set':
        change(device, line, (old) => ({
          ...old,
          ...(after('mtu') && { mtu: Number(after('mtu')) }),
          ...(after('address') && { mac: after('address')! }),
          ...(words.includes('up') && { isUp: true }),
        }))
        return
      case 'ip address add':
        change(device, line, (old) => ({ ...old, addresses: [...old.addresses, first] }))
        return
      case 'ip address delete':
        change(device, line, (old) => {
          assert.ok(old.addresses.includes(first), line)
          return { ...old, addresses: old.addresses.filter((address) => address !== first) }
        })
        return
      case 'ip route replace': {
        exists(device, line)
        const route: Route = {
          destination: canonicalRange(first)!,
          ...(after('via') !== undefined && { via: after('via')! }),
          device,
          isOnLink: words.includes('onlink'),
          table: Number(after('table') ?? 254),
          protocol: after('proto') ?? 'boot',
          metric: Number(after('metric') ?? 0),
        }
        state.routes = [...state.routes.filter((old) => !isSameWay(old, route)), route]
        return
      }
      case 'ip route delete': {
        const gone = state.routes.findIndex(
          (old) => old.destination === first && old.device === device && old.table === Number(after('table') ?? 254),
        )
        assert.ok(gone >= 0, line)
        state.routes.splice(gone, 1)
        return
      }
      case 'ip rule add':
        state.rules.push(ruleOf(after))
        return
      case 'ip rule delete':
        state.rules = without(state.rules, ruleOf(after), line)
        return
      case 'ip neighbour replace':
        exists(device, line)
        state.neighbours = [
          ...state.neighbours.filter(({ address }) => address !== first),
          { address: first, mac: after('lladdr')! } satisfies Neighbour,
        ]
        return
      case 'ip neighbour delete':
        assert.ok(
          state.neighbours.some(({ address }) => address === first),
          line,
        )
        state.neighbours = state.neighbours.filter(({ address }) => address !== first)
        return
      case 'bridge fdb replace':
        exists(device, line)
        state.forwarding = [
          ...state.forwarding.filter(({ mac }) => mac !== first),
          { mac: first, address: after('dst')! } satisfies Forwarding,
        ]
        return
      case 'bridge fdb delete':
        state.forwarding = without(state.forwarding, { mac: first, address: after('dst')! }, line)
        return
      default:
        assert.fail(`nobody knows what "${program} ${line}" does`)
    }
  }

  function exists(device: string, line: string): void {
    assert.ok(
      state.devices.some(({ name }) => name === device),
      `${line}: there is no ${device}`,
    )
  }

  function change(device: string, line: string, to: (old: Device) => Device): void {
    exists(device, line)
    state.devices = state.devices.map((old) => (old.name === device ? to(old) : old))
  }
}

const isSameWay = (a: Route, b: Route): boolean => a.destination === b.destination && a.table === b.table && a.metric === b.metric

const ruleOf = (after: (word: string) => string | undefined): Rule => ({
  source: after('from')!,
  table: Number(after('table')),
  priority: Number(after('pref')),
})

function without<T extends object>(list: readonly T[], one: T, line: string): T[] {
  const rest = list.filter((each) => JSON.stringify(Object.entries(each).sort()) !== JSON.stringify(Object.entries(one).sort()))
  assert.equal(rest.length, list.length - 1, line)
  return rest
}
