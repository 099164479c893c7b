import ij.IJ;
import ij.Menus;
import java.util.Hashtable;
import java.util.List;

/** ImageJ without a window, called as Fiji's launcher is: its menus want a screen. */
public class HeadlessImageJ {
    public static void main(String[] words) throws Exception {
        var table = Menus.class.getDeclaredField("pluginsTable");
        table.setAccessible(true);
        table.set(null, new Hashtable<String, String>());
        int macro = List.of(words).indexOf("-macro");
        IJ.runMacroFile(words[macro + 1], words[macro + 2]);
    }
}
