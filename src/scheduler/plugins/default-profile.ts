import { type Profile, profileOf } from '../framework/profile.ts'
import { type PluginMeans, registry } from './registry.ts'

/** All plug-ins as they are without a configuration, for pods that name no scheduler of their own. */
export const defaultProfile = (means: PluginMeans, schedulerName = 'default-scheduler'): Profile =>
  profileOf(
    schedulerName,
    registry.map(({ create, weight = 1 }) => ({ plugin: create({}, means), weight })),
  )
