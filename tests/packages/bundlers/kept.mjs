// What is bundled for a browser: it keeps a database, by a worker that the bundler has to find.
import { Sanderling } from 'sanderling';

window.visit = async () => {
  const db = await Sanderling.open('opfs://bundled');
  const visits = await db.incr('visits');
  await db.close();
  return visits;
};
