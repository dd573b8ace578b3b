import type { Area } from '../generator.ts'

/** Schedulers with settings of their own: see `profiles.ts` in src/scheduler/testing. */
export const profiles: Area = {
  node(node, { chance }) {
    const amounts = {
      ...(chance.is(50) && { 'example.com/gpu': chance.pick(['2', '4']) }),
      ...(chance.is(50) && { 'example.com/foo': chance.pick(['1', '3']) }),
      ...(chance.is(50) && { 'ignored.example.com/bar': '1' }),
    }
    const allocatable = { ...node.status.allocatable, ...amounts }
    node.status = { ...node.status, capacity: allocatable, allocatable }
    if (chance.is(70)) node.metadata.labels['disk'] = chance.pick(['ssd', 'hdd'])
  },
  pod(pod, { chance }, role) {
    const asked = {
      ...(chance.is(30) && { 'example.com/gpu': '1' }),
      ...(chance.is(20) && { 'example.com/foo': '2' }),
      ...(chance.is(20) && { 'ignored.example.com/bar': '2' }),
    }
    const { requests, limits } = pod.spec.containers[0].resources ?? {}
    if (Object.keys(asked).length > 0)
      pod.spec.containers[0].resources = { requests: { ...requests, ...asked }, limits: { ...limits, ...asked } }
    if (role === 'pending') pod.spec.schedulerName = chance.pick(['most', 'ratio', 'own', 'default-scheduler'])
  },
}
