// Maximum over z of one time point, channel by channel. The argument is a table: kind, name, path, then the wildcards.
setBatchMode(true);
lines = split(File.openAsString(getArgument()), "\n");
heads = split(lines[0], "\t");
column = -1;
for (i = 0; i < heads.length; i++) {
    head = heads[i];
    if (head == "channel") column = i;
}
for (i = 1; i < lines.length; i++) {
    target = split(lines[i], "\t");
    kind = target[0];
    if (kind == "output") project(target[2], target[column]);
}

function project(path, channel) {
    brightest = 0;
    for (j = 1; j < lines.length; j++) {
        source = split(lines[j], "\t");
        kind = source[0];
        its = source[column];
        if (kind == "input" && its == channel) {
            open(source[2]);
            if (brightest == 0) {
                brightest = getImageID();
            } else {
                plane = getImageID();
                imageCalculator("Max", brightest, plane);
                selectImage(plane);
                close();
            }
        }
    }
    selectImage(brightest);
    saveAs("Tiff", path);
    close();
}
