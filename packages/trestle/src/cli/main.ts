// The command line from source. `npm start` takes bin/trestle.js itself, which starts a little sooner.
import '../../bin/trestle.js';
