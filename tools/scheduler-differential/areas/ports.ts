import type { Area } from '../generator.ts'

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
}
