import { affinity } from './areas/affinity.ts'
import { devices, extendedDevices } from './areas/devices.ts'
import { features } from './areas/features.ts'
import { images } from './areas/images.ts'
import { labels } from './areas/labels.ts'
import { ports } from './areas/ports.ts'
import { preemption } from './areas/preemption.ts'
import { profiles } from './areas/profiles.ts'
import { resources } from './areas/resources.ts'
import { spread } from './areas/spread.ts'
import { taints } from './areas/taints.ts'
import { volumeLimits } from './areas/volume-limits.ts'
import { volumes } from './areas/volumes.ts'
import type { Area } from './generator.ts'

/** Parts of the scheduler, by the name that `--area` takes. */
export const areas: Readonly<Record<string, Area>> = {
  resources,
  taints,
  labels,
  ports,
  images,
  features,
  affinity,
  spread,
  volumes,
  limits: volumeLimits,
  devices,
  'extended-devices': extendedDevices,
  preemption,
  profiles,
}
