import type { Area, Draft } from '../generator.ts'

/** NodePorts. */
export const ports: Area = {
  pod(pod, { chance }, role) {
    if (chance.is(role === 'bound' ? 40 : 15)) return
    const unique = new Map<string, object>()
    for (let left = chance.int(1, 3); left > 0; left -= 1) {
      const port = {
        hostPort: chance.pick([80, 80, 443, 8080]),
        ...(chance.is(40) && { protocol: chance.pick(['TCP', 'UDP', 'SCTP']) }),
        ...(chance.is(50) && { hostIP: chance.pick(['0.0.0.0', '127.0.0.1', '10.0.0.1', '10.0.0.2', '::1']) }),
      }
      unique.set(JSON.stringify(port), { containerPort: port.hostPort, ...port })
    }
    const container = {
      name: 'sidecar',
      image: 'example.com/sidecar:1',
      ...(chance.is(50) && { restartPolicy: 'Always' }),
      ports: [...unique.values()],
    }
    if (chance.is(25)) pod.spec.initContainers = [...(pod.spec.initContainers ?? []), container]
    else pod.spec.containers[0].ports = [...unique.values()]
    if (chance.is(15)) {
      pod.spec.hostNetwork = true
      for (const each of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])])
        for (const port of each.ports ?? []) port.hostPort = port.containerPort
    }
  },
  /** Pods that run beside each other have no port in common; the original would forget it with the first of them that goes. */
  finish({ bound }) {
    const taken = new Map<string, Draft[]>()
    for (const { spec } of bound) {
      const here = taken.get(spec.nodeName) ?? []
      taken.set(spec.nodeName, here)
      for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
        if (container.ports === undefined) continue
        container.ports = container.ports.filter((port: Draft) => !here.some((other) => collide(port, other)))
        here.push(...container.ports)
      }
    }
  },
}

const collide = (a: Draft, b: Draft): boolean =>
  a.hostPort === b.hostPort &&
  (a.protocol ?? 'TCP') === (b.protocol ?? 'TCP') &&
  (isAny(a.hostIP) || isAny(b.hostIP) || a.hostIP === b.hostIP)

const isAny = (address: string | undefined): boolean => address === undefined || address === '0.0.0.0'
