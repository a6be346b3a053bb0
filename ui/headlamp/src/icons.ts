import alert from '@iconify/icons-mdi/alert';
import arrowRightBoldBoxOutline from '@iconify/icons-mdi/arrow-right-bold-box-outline';
import calendarClock from '@iconify/icons-mdi/calendar-clock';
import check from '@iconify/icons-mdi/check';
import checkCircle from '@iconify/icons-mdi/check-circle';
import closeOctagon from '@iconify/icons-mdi/close-octagon';
import cogPlay from '@iconify/icons-mdi/cog-play';
import lanConnect from '@iconify/icons-mdi/lan-connect';
import pause from '@iconify/icons-mdi/pause';
import pauseCircleOutline from '@iconify/icons-mdi/pause-circle-outline';
import play from '@iconify/icons-mdi/play';
import playCircleOutline from '@iconify/icons-mdi/play-circle-outline';
import playPause from '@iconify/icons-mdi/play-pause';
import progressClock from '@iconify/icons-mdi/progress-clock';
import restart from '@iconify/icons-mdi/restart';
import serverNetwork from '@iconify/icons-mdi/server-network';
import stopCircleOutline from '@iconify/icons-mdi/stop-circle-outline';
import sync from '@iconify/icons-mdi/sync';
import undoVariant from '@iconify/icons-mdi/undo-variant';
import viewGridPlus from '@iconify/icons-mdi/view-grid-plus';
import { addIcon } from '@iconify/react';

// Headlamp fetches an icon that it does not have from a service on the internet, which many clusters do not reach.
const icons = {
  alert: alert,
  'arrow-right-bold-box-outline': arrowRightBoldBoxOutline,
  'calendar-clock': calendarClock,
  check: check,
  'check-circle': checkCircle,
  'close-octagon': closeOctagon,
  'cog-play': cogPlay,
  'lan-connect': lanConnect,
  pause: pause,
  'pause-circle-outline': pauseCircleOutline,
  play: play,
  'play-circle-outline': playCircleOutline,
  'play-pause': playPause,
  'progress-clock': progressClock,
  restart: restart,
  'server-network': serverNetwork,
  'stop-circle-outline': stopCircleOutline,
  sync: sync,
  'undo-variant': undoVariant,
  'view-grid-plus': viewGridPlus,
};

/** Makes the plugin's icons known, by names such as mdi:sync. */
export function addIcons() {
  for (const [name, icon] of Object.entries(icons)) {
    addIcon(`mdi:${name}`, icon);
  }
}
